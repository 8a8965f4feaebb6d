"""The settings of chargers: told, wanted, and how the two stand."""
