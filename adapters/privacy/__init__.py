"""Personal data sealed: the installation's key, subjects and their keys, and what is sealed in events and frames."""
