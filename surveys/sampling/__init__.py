"""Sampling: frames and their audit, strata and allocation, the draw that anyone can repeat, and its release."""
