"""Reservations: an EVSE kept free for one driver, and for nobody else."""
