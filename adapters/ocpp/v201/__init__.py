"""OCPP 2.0.1: an action a file."""
