"""The mirror: what chargers said, out of the log, said again to another central system, and its answers beside ours."""
