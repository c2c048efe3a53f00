"""Means of many indicators over many domains with their full design covariance, from exact sums.

Source: Taylor linearisation of a ratio mean (Särndal, Swensson and Wretman, *Model Assisted Survey Sampling*, 1992,
result 5.6.2, and 5.7 for domains); stratified simple random sampling without replacement; R's ``svymean`` and
``svyby`` over available answers.

Every sum of squares is formed in centred form, where every term of a variance is ≥ 0 (Chan, Golub and LeVeque 1983),
and points are first moved by a whole number near their domain's mean, in integers: answers that are all equal have
the variance 0, not nearly 0. Between two domains of a stratum the covariance is −F_h/n_h·S_hd S_he', so it is kept as
the scores S and formed when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import special

from surveys.errors import DesignError
from surveys.estimation.moments import Moments, domain_moments, sum_by
from surveys.estimation.residuals import CellCalibration, Residuals, residual_terms
from surveys.estimation.sample import Sample
from surveys.estimation.sums import CellSums
from surveys.estimation.variances import LONELY_RULES


@dataclass(frozen=True)
class DomainMeans:
    """Means per domain and indicator, and everything that their covariance follows from.

    Attributes
    ----------
    means : (D, J) points; NaN where nobody answered.
    within : (D, J, J) covariance of the means of one domain, points squared; NaN in rows of means that do not exist.
    n : (D, J) answers.
    rows : (D,) rows.
    weight_sum : (D, J) weights of the answers.
    df : (D,) rows less strata, over the strata where the domain has rows (R: ``degf`` of the subset).
    srs : (D, J) variance of the mean of a simple random sample without replacement of as many answers.
    stratum, domain : (M,) the pairs that hold rows, by domain.
    scores : (M, J) sums S of their rows' influences, in points.
    shared : (H,) F_h/n_h, what the product of two domains' scores in a stratum takes off.
    residuals : where the weights are calibrated, what that adds to the covariance; ``within`` holds it already.
    """

    means: np.ndarray
    within: np.ndarray
    n: np.ndarray
    rows: np.ndarray
    weight_sum: np.ndarray
    df: np.ndarray
    srs: np.ndarray
    stratum: np.ndarray
    domain: np.ndarray
    scores: np.ndarray
    shared: np.ndarray
    residuals: Residuals | None = None

    @cached_property
    def blocks(self) -> Mapping[tuple[int, int], np.ndarray]:
        """Pairs (d, e), d ≤ e, of domains that share a stratum → (J, J) covariance.

        All other pairs have none. Formed on first use. Calibrated weights make every pair covary: then all pairs are
        there.
        """
        if self.residuals is not None:
            pairs = [(d, e) for d in range(len(self.means)) for e in range(d, len(self.means))]
            return {(d, e): self.covariance(d, e) for d, e in pairs}
        one, other = _pairs_within(self.stratum)
        swapped = self.domain[one] > self.domain[other]
        one, other = np.where(swapped, other, one), np.where(swapped, one, other)
        result = {(d, d): self.within[d] for d in np.unique(self.domain).tolist()}
        if len(one):
            key = self.domain[one] * len(self.means) + self.domain[other]
            order = np.argsort(key, kind="stable")
            one, other, key = one[order], other[order], key[order]
            products = (
                self.shared[self.stratum[one], None, None] * self.scores[one][:, :, None] * self.scores[other][:, None]
            )
            starts = np.flatnonzero(np.r_[True, np.diff(key) != 0])
            for pair, block in zip(key[starts].tolist(), -np.add.reduceat(products, starts, axis=0), strict=True):
                d, e = divmod(pair, len(self.means))
                block[np.isnan(self.means[d])] = np.nan
                block[:, np.isnan(self.means[e])] = np.nan
                result[d, e] = block
        return result

    def covariance(self, d: int, e: int) -> np.ndarray:
        """(J, J) covariance of the means of domains d and e.

        NaN in rows of means that do not exist, 0 without a shared stratum.
        """
        return self.covariance_of([d, e])[0, :, 1] if d != e else self.within[d]

    def covariance_of(self, domains: Sequence[int] | np.ndarray) -> np.ndarray:
        """(K, J, K, J) covariance of the means of some domains."""
        domains = np.asarray(domains, int)
        places = np.concatenate([self._pairs_of(d) for d in domains]) if len(domains) else np.zeros(0, int)
        owner = np.repeat(np.arange(len(domains)), [len(self._pairs_of(d)) for d in domains])
        used, stratum = np.unique(self.stratum[places], return_inverse=True)
        count, indicators = len(domains), self.means.shape[1]
        totals = np.zeros((len(used), count, indicators))
        totals[stratum.reshape(-1), owner] = self.scores[places]
        flat = totals.reshape(len(used), count * indicators)
        result = -((flat * self.shared[used, None]).T @ flat).reshape(count, indicators, count, indicators)
        if self.residuals is not None:
            result += self.residuals.between(domains)
        result[np.arange(count), :, np.arange(count), :] = self.within[domains]
        absent = np.isnan(self.means[domains])
        result[absent[:, :, None, None] | absent[None, None]] = np.nan
        return result

    def std_errors(self) -> np.ndarray:
        """(D, J) standard errors; NaN with fewer than two answers or without a degree of freedom."""
        shown = (self.n >= 2) & (self.df[:, None] >= 1)
        return np.where(shown, np.sqrt(np.where(shown, self._variances(), 0)), np.nan)

    def deff(self) -> np.ndarray:
        """(D, J) design effects V/V_srs (R: ``deff=TRUE``); NaN where V_srs is 0 or unknown."""
        return np.divide(self._variances(), self.srs, out=np.full(self.srs.shape, np.nan), where=self.srs > 0)

    def intervals(self, level: float = 0.95, df: np.ndarray | float | None = None) -> np.ndarray:
        """(D, J, 2) limits mean ± t·s; ``df=inf`` gives R's default for domains."""
        degrees = self.df[:, None] if df is None else np.broadcast_to(np.asarray(df, float), self.means.shape)
        with np.errstate(invalid="ignore"):
            margin = special.stdtrit(degrees, (1 + level) / 2) * self.std_errors()
        return np.stack([self.means - margin, self.means + margin], axis=-1)

    def composites(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(D,) combination of every domain's own means, and its variance a'Va; NaN where a mean that is needed does not exist.

        coefficients : (J,) or (D, J).
        """
        a = np.broadcast_to(np.asarray(coefficients, float), self.means.shape)
        values = np.where(a == 0, 0.0, a * self.means).sum(axis=1)
        used = (a[:, :, None] != 0) & (a[:, None, :] != 0)
        variances = np.einsum("dj,djk,dk->d", a, np.where(used, self.within, 0.0), a)
        # where indicators cancel, rounding may leave -1e-15 of a variance that is 0
        return values, np.where(variances < 0, 0.0, variances)

    def combine(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Linear combinations Σ c_dj ȳ_dj and their covariance c'Vc.

        coefficients : (M, D, J). Returns (M,) values and (M, M) covariance, with the covariance between indicators
        and between domains that share strata. A coefficient of 0 leaves out a mean that does not exist.
        """
        coefficients = np.asarray(coefficients, float)
        count = len(coefficients)
        if self.residuals is not None:
            return self._combine_calibrated(coefficients)
        domains = np.flatnonzero(np.any(coefficients != 0, axis=(0, 2)))
        c = coefficients[:, domains]
        needed = c != 0
        values = np.where(needed, c * self.means[domains], 0.0).sum(axis=(1, 2))
        inner = np.where(np.isnan(self.within[domains]), 0.0, self.within[domains])
        variance = np.einsum("mdj,djk,ldk->ml", c, inner, c, optimize=True)
        position = np.full(len(self.means), -1)
        position[domains] = np.arange(len(domains))
        pairs = np.flatnonzero(position[self.domain] >= 0)
        parts = np.einsum("mpj,pj->mp", c[:, position[self.domain[pairs]]], self.scores[pairs])
        strata, stratum = np.unique(self.stratum[pairs], return_inverse=True)
        totals, many = np.zeros((count, len(strata))), np.bincount(stratum.reshape(-1), minlength=len(strata)) > 1
        np.add.at(totals.T, stratum.reshape(-1), parts.T)
        # What one domain does alone is within it already; only strata that domains share take their products off.
        shared, again = self.shared[strata] * many, (self.shared[strata] * many)[stratum.reshape(-1)]
        variance += (parts * again) @ parts.T - (totals * shared) @ totals.T
        lost = np.isnan(values)
        variance[lost] = variance[:, lost] = np.nan
        return values, variance

    def _combine_calibrated(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        domains = np.flatnonzero(np.any(coefficients != 0, axis=(0, 2)))
        c = coefficients[:, domains]
        values = np.where(c != 0, c * self.means[domains], 0.0).sum(axis=(1, 2))
        v = np.nan_to_num(self.covariance_of(domains))
        variance = np.einsum("mdj,djek,lek->ml", c, v, c, optimize=True)
        lost = np.isnan(values)
        variance[lost] = variance[:, lost] = np.nan
        return values, variance

    def _variances(self) -> np.ndarray:
        return np.einsum("djj->dj", self.within)

    def _pairs_of(self, domain: int) -> np.ndarray:
        low, high = np.searchsorted(self.domain, [domain, domain + 1])
        return np.arange(low, high)


def estimate_means(
    sums: CellSums,
    sample: Sample,
    *,
    domains: int | None = None,
    lonely: str = "adjust",
    calibration: CellCalibration | None = None,
) -> DomainMeans:
    """Estimate the mean of every indicator in every domain, with the covariance of all of them.

    Parameters
    ----------
    sums : of the answers, by (stratum, domain, weighting cell); a domain of -1 is none. The order of its entries
        changes nothing.
    sample : n_h, N_h and weights. Strata of ``sampled`` 0 play no part.
    domains : D; by default one more than the largest index in ``sums``.
    lonely : see `LONELY_RULES`. ``adjust`` takes the squared distance from the mean of all rows' influences, which is
        0 for means. ``average`` scales a domain's covariance by its strata over those with more than one sampled row;
        NaN where none has.
    calibration : how the sample's weights were calibrated; variances are then those of residuals, and every domain
        covaries with every other. ``average`` then counts all strata, as R does.

    A domain nobody answered in has NaN means; n = 1 has a mean whose standard error is not shown; all answers equal
    give variance 0.

    Raises
    ------
    DesignError
        Unknown rule, a stratum with more answering rows than sampled ones, or, with ``fail``, a stratum of one row.
    """
    if lonely not in LONELY_RULES:
        raise DesignError(
            "The lonely rule is %(lonely)r; use one of %(known)s.",
            code="lonely-rule",
            lonely=lonely,
            known=", ".join(LONELY_RULES),
        )
    count = int(sums.domain.max(initial=-1)) + 1 if domains is None else domains
    sampled = np.asarray(sample.sampled, float)
    sample.check_rows(sums)
    scale = sample.factors(lonely)
    centring = np.where((sampled == 1) & (lonely == "adjust"), 0.0, 1 / np.maximum(sampled, 1))
    weights = np.asarray(sample.weights, float)
    moments = domain_moments(sums, weights, sampled, centring, count)
    if calibration is None:
        return _means(moments, scale, centring, count)
    known = ~np.isnan(scale[sampled > 0])
    scale = np.nan_to_num(scale) * (len(known) / known.sum() if known.any() else np.nan)
    found = _means(moments, scale, centring, count)
    adjusted = (sampled == 1) & (lonely == "adjust")
    terms = residual_terms(sums, calibration, weights, found.means, found.weight_sum, scale, sampled, adjusted)
    return replace(found, within=found.within + terms.within(), residuals=terms)


def _pairs_within(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every two positions with the same code, once each."""
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], codes[order], side="right")
    later = ends - np.arange(len(order)) - 1
    one = np.repeat(np.arange(len(order)), later)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(later) - later, later)
    return order[one], order[other]


def _means(m: Moments, scale: np.ndarray, centring: np.ndarray, count: int) -> DomainMeans:
    present = np.bincount(m.domain, minlength=count)
    known = np.bincount(m.domain, weights=~np.isnan(scale[m.stratum]), minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        larger = np.where(known == present, 1.0, np.where(known > 0, present / known, np.nan))
    factors = np.nan_to_num(scale)
    within = sum_by(m.domain, factors[m.stratum][:, None, None] * m.squares, count) * larger[:, None, None]
    within[np.isnan(m.means)[:, :, None] | np.isnan(m.means)[:, None, :]] = np.nan
    scores = m.scores * np.sqrt(larger)[m.domain][:, None]
    df = m.rows - present
    return DomainMeans(
        m.means, within, m.n, m.rows, m.weight_sum, df, m.srs, m.stratum, m.domain, scores, factors * centring
    )
