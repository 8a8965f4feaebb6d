"""API tokens: who may act for a tenant, in which role, until when, and when each was used."""
