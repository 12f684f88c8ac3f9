"""Find the edit that puts a problem right: no Keras, from the document, the shapes and the words of the problem."""
