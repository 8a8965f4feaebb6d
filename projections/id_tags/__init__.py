"""Id tokens: those an operator registered, and those that merely turned up."""
