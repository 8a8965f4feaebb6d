"""OCPP 1.6: an action a file."""
