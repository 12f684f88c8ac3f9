"""Time `fit`, `evaluate` and `predict` against Keras 3, tf_keras, Keras on JAX and loops written by hand."""
