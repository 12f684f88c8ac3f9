"""Data: source, preview, roles, encoding, split."""
