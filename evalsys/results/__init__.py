"""Frozen data sets, score runs and what is published from them."""
