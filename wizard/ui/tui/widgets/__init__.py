"""Widgets that know nothing of deployments: a table, a log view, dialogs."""
