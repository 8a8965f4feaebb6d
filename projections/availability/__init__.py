"""The state of every charging port at every second, what proves and excludes parts of it, and what ports are."""
