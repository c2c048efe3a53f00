"""The interviewer face."""
