"""Alarms: what somebody should look at, and who does."""
