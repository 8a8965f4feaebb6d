"""How much of the time a charging port could be used: states, exclusions, and the formulas of regulators."""
