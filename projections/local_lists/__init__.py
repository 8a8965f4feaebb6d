"""The local lists of chargers: wanted and held."""
