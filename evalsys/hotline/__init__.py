"""The citizen hotline (12345): orders and their three rates."""
