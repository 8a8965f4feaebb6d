"""Charging profiles: what a charger should hold, what it holds, and what it said to it."""
