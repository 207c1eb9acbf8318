"""One suite, two clusters: what a real API server answers is the truth, and the sandbox has to answer it too.

``recorded/`` holds the answers of kube-apiserver 1.37.2, and what kubectl 1.37.1 printed of it; `make test` holds
the sandbox against them. Charts of others are played with helm 4 and helm 3.
With ``WIZARD_CONTRACT=controlplane`` (or a kubeconfig's path) the same steps run on a real one as well.
"""
