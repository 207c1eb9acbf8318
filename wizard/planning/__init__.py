"""Decides what: profile -> desired; desired x observed -> plan. Pure: no I/O, no clock, no randomness."""
