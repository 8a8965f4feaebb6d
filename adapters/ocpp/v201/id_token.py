"""What OCPP 2.0.1 allows of an id token."""

LONGEST = 36
"""Characters of IdTokenType.idToken."""
