"""Frames of service records, recorded draws, and the cases that were drawn."""
