"""Hideez Enterprise Server, the stand-in."""
