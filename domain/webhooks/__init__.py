"""Webhooks: where a tenant wants to be told of what happens, and how that goes."""
