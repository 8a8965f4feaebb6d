"""What we can ask of a 2.1 charger: what is its own or differs here, the rest in `v2x/calls`; see `table.py`."""
