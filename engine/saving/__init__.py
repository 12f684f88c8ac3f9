"""Model files: what is written and read, and the bridge between the generations of Keras."""
