"""Certificates of chargers: what may be signed, and the register of what was."""
