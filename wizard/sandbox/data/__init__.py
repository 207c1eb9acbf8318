"""Tables taken from Kubernetes by extract.py: types.json (fields), kinds.json (discovery), roles.json (RBAC's own).

The data is Kubernetes 1.37.2's, Apache-2.0, https://github.com/kubernetes/kubernetes.
"""
