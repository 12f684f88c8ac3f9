"""What a project becomes outside: Python code, the text of a graph. No TensorFlow, no Textual."""
