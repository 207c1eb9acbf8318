"""kube-scheduler: which node a pod goes to, and in the real one's words why it goes nowhere."""
