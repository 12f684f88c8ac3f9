"""Every public Keras layer, optimizer, loss, … with arguments, types, defaults and help. No TensorFlow to read it."""
