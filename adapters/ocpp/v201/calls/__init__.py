"""What we can ask of a 2.0.1 charger: all of it in the words of `v2x/calls`; the table of it in `table.py`."""
