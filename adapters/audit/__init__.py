"""Tamper evidence on Postgres: the tree's tiles, the sealer, keys, publishing, verification, bundles."""
