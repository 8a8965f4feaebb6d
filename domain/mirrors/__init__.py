"""Mirrors: traffic of chosen chargers said again to another central system, whose answers are compared with ours."""
