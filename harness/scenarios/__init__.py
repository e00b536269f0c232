"""What users struggle with, each played out on a virtual key: what is seen, why, and what helps."""
