"""What is true: aggregates, facts and pure rules. No I/O, no clock, no wire names."""
