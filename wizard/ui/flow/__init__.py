"""The walk to a profile: questions declared once, the draft they fill, drawn by the TUI and by plain mode.

Nothing here draws, and nothing here knows a terminal or a disk.
"""
