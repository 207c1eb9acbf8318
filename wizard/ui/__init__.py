"""Front ends: they draw and ask, and send commands to `engine.session`; none reaches behind it."""
