"""Captures of Bluetooth traffic: reading what others recorded, recording what goes over a link, and the keys to it."""
