"""Headless: text for people and pipes, JSON lines for programs. Never imports Textual."""
