"""The commands of the key: `rules.py` says when each one is taken, the other files what it does."""
