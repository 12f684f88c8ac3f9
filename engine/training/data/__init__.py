"""Whatever `fit`, `evaluate` and `predict` are given, as batches."""
