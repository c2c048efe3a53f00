"""The face of a department's liaison: what is published about their own unit, and nothing else."""
