"""The kubelets: pods that are bound to a node are pulled, started, probed, restarted, evicted and ended."""
