"""The tenants of the installation."""
