"""The engine process, its protocol and its client."""
