"""Training: the `Trainer`, what it trains on, and the run that can be watched and steered."""
