"""The screens and their widgets: they render the document and send edits."""
