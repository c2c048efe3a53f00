"""The session face."""
