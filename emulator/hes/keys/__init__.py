"""What the server does to keys: its own channel to them, and what their states and its records mean for one another."""
