"""Data sources: read, preview, profile, encode and split tables and arrays. No TensorFlow."""
