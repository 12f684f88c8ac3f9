"""From a Keras model to a project: layers, calls, settings and weights. Imports Keras."""
