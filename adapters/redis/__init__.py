"""The ports by which several gateways work as one, on Redis 7; for fleets that have it anyway.

Run it with `maxmemory-policy noeviction` and append-only persistence: generations of sockets never expire, and
keys of idempotency should outlive a restart. One server (or its fail-over), not a cluster: scripts touch several keys.
"""
