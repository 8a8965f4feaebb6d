"""Personal data: whose are erased, and who read them."""
