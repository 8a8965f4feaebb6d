"""The read model of webhooks."""
