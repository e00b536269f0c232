"""Tests of the lab: its parts on their own, and the guest as its users see it."""
