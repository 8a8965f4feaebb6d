"""What sessions come to, as of any position of the log."""
