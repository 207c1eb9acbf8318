"""Decides when, and when again: observes, locks, executes the plan's graph, retries, keeps the journal.

Emits domain events and nothing else; front ends reach it through `session.Session` only.
"""
