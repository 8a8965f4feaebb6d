"""What we can ask of a charger in the words that 2.0.1 and 2.1 share, a module for each message."""
