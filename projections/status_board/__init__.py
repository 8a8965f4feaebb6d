"""What there is to see of chargers and connectors right now."""
