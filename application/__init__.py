"""What can be asked: the use cases, a file per subject, and the ports they need."""
