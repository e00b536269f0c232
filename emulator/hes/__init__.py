"""Hideez Enterprise Server, in this process: vaults, employees, codes, and the server's channel to the keys."""
