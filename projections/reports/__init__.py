"""Figures made of several read models, all as of one position of the log."""
