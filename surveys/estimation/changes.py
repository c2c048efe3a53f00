"""Change between two rounds, of which people may have answered both.

Source: Kish (1965), section 12.4: with an overlap the person is the cluster over both rounds, so that V(after −
before) loses twice the covariance; R: ``svydesign(id=~person, strata=~stratum, data=rbind(before, after))``,
``svyby(..., covmat=TRUE)`` and ``svycontrast``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.errors import DesignError
from surveys.estimation.designs import Design
from surveys.estimation.domains import means
from surveys.estimation.hypotheses import TTest, t_test
from surveys.estimation.variances import LonelyRule


@dataclass(frozen=True)
class Changes:
    """Changes of J variables in D domains, all (D, J) but df (D,).

    before, after : means; NaN where nothing was answered. estimates : after − before. covariances : of the two means,
    0 for rounds without a common cluster or stratum. std_errors : of the change; NaN where either mean has fewer than
    two answers, or without a degree of freedom. df : clusters less strata over both rounds.
    """

    before: np.ndarray
    after: np.ndarray
    estimates: np.ndarray
    covariances: np.ndarray
    std_errors: np.ndarray
    df: np.ndarray

    def test(self, domain: int = 0, variable: int = 0, level: float = 0.95) -> TTest:
        """Whether a change is 0, by t with ``df``."""
        place = domain, variable
        return t_test(self.estimates[place], self.std_errors[place], self.df[domain], level)


def estimate_changes(
    design: Design,
    values: np.ndarray,
    later: np.ndarray,
    domain: np.ndarray | None = None,
    lonely: LonelyRule | None = None,
) -> Changes:
    """Changes of means from the earlier rows to the later ones.

    design : of the rows of both rounds; who answered both is one cluster. values : (n, J) or (n,), NaN where not
    answered. later : (n,) bool. domain : (n,) codes from 0, -1 for none; one domain by default. Raises
    ``DesignError`` where ``later`` has another length than the design.
    """
    later = np.asarray(later, bool)
    if later.shape != (len(design),):
        raise DesignError(
            "There are %(marks)s marks of a round for %(rows)s rows.",
            code="design-length",
            marks=later.size,
            rows=len(design),
        )
    domain = np.zeros(len(design), np.int64) if domain is None else np.asarray(domain, np.int64)
    count = int(domain.max(initial=-1)) + 1
    # Both rounds of every domain, whether or not somebody answered in it.
    code = np.where(domain >= 0, 2 * domain + later, -1)
    found = means(design, values, code, lonely)
    missing = 2 * count - len(found.estimates)
    estimates = np.pad(found.estimates, ((0, missing), (0, 0)), constant_values=np.nan)
    n = np.pad(found.n, ((0, missing), (0, 0)))
    before, after = estimates[::2], estimates[1::2]
    df = np.array([design.degrees_of_freedom(domain == d) for d in range(count)], np.int64)
    covariances, errors = np.full(before.shape, np.nan), np.full(before.shape, np.nan)
    for d in range(count - (missing > 0)):
        v = found.covariance([2 * d, 2 * d + 1])
        covariances[d] = np.diagonal(v[0, :, 1])
        variance = np.diagonal(v[0, :, 0]) + np.diagonal(v[1, :, 1]) - 2 * covariances[d]
        known = (n[2 * d] >= 2) & (n[2 * d + 1] >= 2) & (df[d] >= 1)
        errors[d] = np.where(known, np.sqrt(np.maximum(variance, 0)), np.nan)
    return Changes(before, after, after - before, covariances, errors, df)


def independent_change(
    before: float,
    before_error: float,
    before_df: float,
    after: float,
    after_error: float,
    after_df: float,
    level: float = 0.95,
) -> TTest:
    """The change between rounds whose samples share nobody: variances add, and so do the degrees of freedom.

    As R's ``degf`` of both rounds in one design. NaN throughout where either round has no error.
    """
    return t_test(after - before, float(np.hypot(before_error, after_error)), before_df + after_df, level)
