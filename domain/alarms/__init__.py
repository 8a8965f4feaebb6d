"""Alarms: what somebody should look at."""
