"""Estimation: domain means with their full covariance from exact sums, intervals, linear combinations."""

from surveys.estimation.means import LONELY_RULES, DomainMeans, Sample, estimate_means
from surveys.estimation.sums import CellSums, sums_from_rows

__all__ = ["LONELY_RULES", "CellSums", "DomainMeans", "Sample", "estimate_means", "sums_from_rows"]
