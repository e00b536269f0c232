"""Hideez Enterprise Server as the harness reaches it: in this process, or over a network."""
