"""The web side of Zeus: the read API, health, metrics and the front page, on Starlette."""
