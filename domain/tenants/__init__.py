"""Tenants: whose chargers these are, who may see and steer them, and by which tokens."""
