"""People: who signs in for a tenant, by which proofs, and in which role."""
