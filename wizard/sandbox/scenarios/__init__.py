"""Scenarios: what can go wrong, as data (assets/scenarios/*.yaml), and what of it the simulation plays."""
