"""Charging profiles: their shape, what makes one valid, and the schedule that several of them compose."""
