"""Stand-ins for what a user may not have: the key, the radio, and Hideez Enterprise Server."""
