"""Commands: what was asked of chargers, how each ended, and what followed."""
