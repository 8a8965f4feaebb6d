"""OpenID Connect: how we speak with the providers of tenants, and what of their word is believed."""
