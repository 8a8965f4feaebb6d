"""What we can ask of a 1.6 charger: a module for each message, the table of them in `table.py`."""
