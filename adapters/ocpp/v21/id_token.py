"""What OCPP 2.1 allows of an id token."""

LONGEST = 255
"""Characters of IdTokenType.idToken."""
