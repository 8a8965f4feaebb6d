"""Letting chargers in that nobody registered one by one: windows of time, opened by an operator."""
