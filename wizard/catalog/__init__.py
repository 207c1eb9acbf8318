"""Pinned facts: where the shipped files are, what the charts are. Loads and selects, decides nothing."""
