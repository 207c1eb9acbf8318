"""One screen a file; a screen returns a value and never reaches into another."""
