"""People: who may sign in for a tenant, in which role, and how they stand."""
