"""The nouns: profile, finding, plan, event, run state, secret reference.

Nothing here does I/O, reads a clock or awaits. What decides belongs in `planning`,
what acts in `steps`, and what talks to the outside in `adapters`.
"""
