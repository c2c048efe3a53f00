"""The voice face."""
