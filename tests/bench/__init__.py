"""How fast things are: `make bench`. Measures and prints, asserts nothing."""
