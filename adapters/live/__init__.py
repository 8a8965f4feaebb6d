"""Live streams: the log read once for all who listen, and each listener's own way through it."""
