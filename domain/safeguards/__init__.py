"""What was held up because it was too much."""
