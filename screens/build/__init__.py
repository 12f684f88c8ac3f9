"""Build: layer palette, graph canvas, inspector, problems."""
