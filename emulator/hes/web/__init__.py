"""Hideez Enterprise Server over HTTP: pages, REST and hubs."""
