"""`Model`, `Functional` and `Sequential`, and what they need beside training."""
