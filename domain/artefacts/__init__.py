"""Artefacts: firmware for chargers, and the files that chargers send."""
