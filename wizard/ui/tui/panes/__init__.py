"""The live panes: one small file each, a feed drawn as a table or as lines."""
