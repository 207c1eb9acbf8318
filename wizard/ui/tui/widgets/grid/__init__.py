"""The inside of `widgets/table.py`: its columns, the order of its rows, its keys for that, its drawing."""
