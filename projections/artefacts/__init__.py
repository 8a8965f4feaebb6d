"""Artefacts: firmware and uploads, and what became of the links to them."""
