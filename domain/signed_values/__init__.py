"""Signed meter values (OCMF): records kept as received, keys that were registered, and the judgement over a session."""
