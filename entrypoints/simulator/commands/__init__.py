"""How the charger answers the calls of the server."""
