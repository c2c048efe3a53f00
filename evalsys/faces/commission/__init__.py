"""The commission face."""
