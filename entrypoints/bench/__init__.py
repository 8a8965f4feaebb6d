"""`zeus bench`: what this machine can do with Zeus, beside what it could do at the very least."""
