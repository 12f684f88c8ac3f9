"""Train: live curves, progress, epoch table."""
