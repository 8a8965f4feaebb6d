"""OCPP 2.1: a module per action, and the table of them in `actions.py`."""
