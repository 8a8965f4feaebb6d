"""A charger: its identity, acceptance, presence, connectors and what it tells of itself."""
