"""What the world is told of an event as it happens: the messages of live streams, and which event becomes which."""
