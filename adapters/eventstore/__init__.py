"""The event store on Postgres: the library eventsourcing, extended at its public points, at speed."""
