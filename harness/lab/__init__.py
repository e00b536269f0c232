"""A Linux guest with virtual Bluetooth adapters, for machines that have none."""
