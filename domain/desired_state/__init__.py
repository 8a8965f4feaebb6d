"""What a charger should be like whether it is connected or not, what it is like, and the next step between the two."""
