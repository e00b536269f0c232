"""Seeded defects: firmware with a known mistake, to find out whether a test would notice."""
