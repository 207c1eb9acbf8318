"""Steps: each changes one thing, through ports only, and can be asked first whether there is anything to do.

A step decides neither what is desired (`planning`) nor when it runs or whether it runs again (`engine`).
"""
