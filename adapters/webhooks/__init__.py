"""Webhooks: messages carried to addresses of other people, in order, signed, and only outside our own networks."""
