"""Configure: compile and fit settings, checks."""
