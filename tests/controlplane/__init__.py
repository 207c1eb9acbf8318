"""A real Kubernetes control plane for tests, from Go modules; kwok plays its nodes.

Here is what starts, plays and stops it. What the wizard does with a cluster does not belong here, and nothing
here imports the wizard: the rig must be able to judge it.
"""
