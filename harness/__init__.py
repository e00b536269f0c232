"""What drives a key, real or simulated, and judges it."""
