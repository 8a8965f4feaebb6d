"""OCPP 1.6: a module per action, and the table of them in `actions.py`."""
