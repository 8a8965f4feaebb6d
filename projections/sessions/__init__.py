"""Charging sessions: the read model of transactions."""
