"""Code of a project's own: layers, losses, metrics, … in `layers.py` and the files that the document lists."""
