"""Meter curves: every sample a charger sent, wide, and their rollups."""
