"""OCPP 2.1: an action a file."""
