"""Estimation: means with their full covariance from exact sums, and everything else from rows under any design.

``CellSums``, ``Sample`` and ``estimate_means`` score a round from one pass over its data. ``make_design`` with
``domains.means``, ``domains.totals``, ``domains.ratios``, ``estimate_quantiles`` and the tests are for rows in
memory: strata, clusters of several stages, calibrated weights.
"""

from surveys.estimation.changes import estimate_changes, independent_change
from surveys.estimation.designs import Design, make_design
from surveys.estimation.domains import DomainEstimates, contrast
from surveys.estimation.hypotheses import adjusted, association_test, difference_test, mean_test, t_test
from surveys.estimation.intervals import t_interval
from surveys.estimation.means import DomainMeans, estimate_means
from surveys.estimation.proportions import proportion_interval
from surveys.estimation.quantiles import estimate_quantiles, weighted_quantile
from surveys.estimation.replicates import Replicates, balanced, bootstrap, jackknife
from surveys.estimation.residuals import CellCalibration
from surveys.estimation.sample import Sample
from surveys.estimation.sums import CellSums, sums_from_rows
from surveys.estimation.variances import LONELY_RULES, LonelyRule

__all__ = [
    "LONELY_RULES",
    "CellCalibration",
    "CellSums",
    "Design",
    "DomainEstimates",
    "DomainMeans",
    "LonelyRule",
    "Replicates",
    "Sample",
    "adjusted",
    "association_test",
    "balanced",
    "bootstrap",
    "contrast",
    "difference_test",
    "estimate_changes",
    "estimate_means",
    "estimate_quantiles",
    "independent_change",
    "jackknife",
    "make_design",
    "mean_test",
    "proportion_interval",
    "sums_from_rows",
    "t_interval",
    "t_test",
    "weighted_quantile",
]
