"""What an administrator sees in a browser."""
