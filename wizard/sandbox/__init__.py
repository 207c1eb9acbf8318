"""The embedded sandbox: a simulated Kubernetes cluster behind a real HTTPS API on loopback.

What belongs here: everything that pretends. Nothing in it knows the wizard; helm, kubectl and the
wizard's own adapters reach it over HTTP as they would reach any API server.
"""
