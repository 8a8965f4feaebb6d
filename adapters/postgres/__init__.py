"""The database server of a machine that has none: an embedded PostgreSQL under our own supervisor."""
