"""Hideez Client: the connection flow, step by step."""
