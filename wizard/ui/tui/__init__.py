"""The Textual front end: the wizard's walk and the live dashboard. Draws and asks; decides nothing."""
