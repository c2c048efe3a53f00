"""The designer face."""
