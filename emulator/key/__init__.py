"""The firmware model: a Hideez Key without a radio."""
