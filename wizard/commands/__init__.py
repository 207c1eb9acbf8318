"""The commands of the command line on the engine's façade: load, ask, run, answer.

`cli` parses argv and imports one of these modules when its command is called; nothing here parses
argv, and nothing here decides what is desired or when a step runs.
"""
