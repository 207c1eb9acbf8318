"""The questions themselves, a file for what an operator decides together; `chapters.py` puts them in order."""
