"""Tables taken from Kubernetes' own sources by extract.py: types.json (fields) and kinds.json (discovery).

The data is Kubernetes 1.37.2's, Apache-2.0, https://github.com/kubernetes/kubernetes.
"""
