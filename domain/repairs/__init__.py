"""Repairs of the past: who applied which plan, and why."""
