"""Who may ask for what; `door.py` stands before everything else."""
