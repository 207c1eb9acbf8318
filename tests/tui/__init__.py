"""Tests of the Textual front end, through `App.run_test`: keys, mouse, sizes, hostile text."""
