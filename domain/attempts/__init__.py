"""What drivers tried and how far they came, and what went wrong at chargers."""
