"""Tamper evidence: the Merkle tree over the log, its checkpoints, and what compares the log with them."""
