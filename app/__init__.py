"""kerastui: build a neural network as a graph, train it while you watch, take it away as a Keras model."""

__version__ = "0.1.0"
