"""A charging transaction: started, metered, ended; its energy, and what is odd about it."""
