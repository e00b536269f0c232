"""Stand-ins for Bluetooth itself."""
