"""Connection attempts: who knocked, who was let in, and why not."""
