"""The face of those who open accounts, and of those who give them roles."""
