"""Home: recent projects, templates, ways to start."""
