"""What we ask of chargers, and what came of it."""
