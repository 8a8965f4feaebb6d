"""What proves people: slow hashes of passwords, and the keys of the installation."""
