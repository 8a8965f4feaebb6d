"""What drivers tried and how far they came, what went wrong, and how commands fared."""
