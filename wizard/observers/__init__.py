"""Observers: read-only watchers of a cluster, which restart themselves and say when they are blind.

What changes something (besides a silence, or a pod's deletion asked for by the operator) does not
belong here, nor what draws.
"""
