"""Bytes and values of the Hideez Key, and the conversation that they form."""
