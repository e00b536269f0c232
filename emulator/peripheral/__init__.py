"""Ways to put a key within reach of a central."""
