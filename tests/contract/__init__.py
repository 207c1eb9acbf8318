"""One suite, two clusters: what a real API server answers is the truth, and the sandbox has to answer it too.

``recorded/`` holds the answers of kube-apiserver 1.37.2; `make test` holds the sandbox against them.
With ``WIZARD_CONTRACT=controlplane`` (or a kubeconfig's path) the same steps run on a real one as well.
"""
