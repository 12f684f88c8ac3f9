"""The project document: plain frozen values, edits, undo, journal. No TensorFlow, no Textual."""
