"""Prometheus, Alertmanager and Loki of the simulated cluster: what their APIs say comes from the simulated load.

What belongs here: series, queries, rules, alerts, and logs over Loki. What makes the numbers is in controllers/.
"""
