"""Ways to reach a key."""
