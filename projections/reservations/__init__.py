"""Reservations: those that stand, and how the others ended."""
