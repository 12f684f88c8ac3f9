"""Data sources: read, preview, profile, encode and split tables and arrays. No TensorFlow.

`table` reads a source, `preview` formats its rows, `profile` says what is in the columns and suggests what they are
for, `check` finds what stops a run, `split` divides the rows, `dataset` encodes them for training. Nothing is
re-exported: importing this package costs nothing, its modules import NumPy, and pandas (0.9 s) waits for its first use.
"""
