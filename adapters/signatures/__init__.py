"""Signatures of meters: the curves of OCMF, and public keys in the forms they come in."""
