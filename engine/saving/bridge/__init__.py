"""What tf.keras and Keras 2 wrote, translated into what Keras 3 reads."""
