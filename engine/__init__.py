"""The headless half: `Model`, training, the project document, data, the engine process and its client."""
