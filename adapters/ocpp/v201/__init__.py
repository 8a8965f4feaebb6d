"""OCPP 2.0.1: a module per action, and the table of them in `actions.py`."""
