"""Certificates: the TLS listener's own, those that chargers show, and an authority that signs them."""
