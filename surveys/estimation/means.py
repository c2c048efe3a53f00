"""Means of many indicators over many domains with their full design covariance, from exact sums.

Source: Taylor linearisation of a ratio mean (Särndal, Swensson and Wretman, *Model Assisted Survey Sampling*, 1992,
result 5.6.2, and 5.7 for domains); stratified simple random sampling without replacement. The sums of squares are
formed in centred form, where every term is ≥ 0, so that nothing cancels: Σ(y − ȳ)² = [nΣy² − (Σy)²]/n + n(ȳ_cell −
ȳ)², the first part exact in integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from surveys.errors import DesignError
from surveys.estimation.sums import CellSums

#: what is done with a stratum of which one row was sampled (names as in R's ``survey.lonely.psu``)
LONELY_RULES = ("fail", "certainty", "remove", "adjust", "average")
HUNDRED = 100.0


@dataclass(frozen=True)
class Sample:
    """The design behind the sums.

    sampled : (H,) rows sampled in each stratum (n_h), also those outside every domain. population : (H,) N_h, or
    ``inf`` where no finite population correction is wanted. weights : (cells,) the weight of every row of a weighting
    cell.
    """

    sampled: np.ndarray
    population: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        for name, values in (("sampled", self.sampled), ("population", self.population), ("weights", self.weights)):
            bad = np.flatnonzero(~(np.asarray(values, float) >= 0))
            if bad.size:
                raise DesignError(
                    f"The design's {name} has the value {values[bad[0]]} at position {bad[0]}; it must be at least 0.",
                    code="design-negative",
                    column=name,
                    row=int(bad[0]),
                )
        small = np.flatnonzero(np.asarray(self.population, float) < np.asarray(self.sampled, float))
        if small.size:
            h = int(small[0])
            raise DesignError(
                f"Stratum {h} has a population of {self.population[h]} but {self.sampled[h]} sampled rows.",
                code="fpc-below-n",
                row=h,
            )


@dataclass(frozen=True)
class DomainMeans:
    """Means per domain and indicator, and everything needed to combine them.

    Attributes ---------- means : (D, J) points; NaN where nobody answered. blocks : pairs (d, e), d ≤ e, of domains
    that share a stratum → (J, J) covariance in points squared; other pairs have none. n : (D, J) answers. weight_sum
    : (D, J) their weights. df : (D,) degrees of freedom, Σ(n_h − 1) over the domain's strata.
    """

    means: np.ndarray
    blocks: Mapping[tuple[int, int], np.ndarray]
    n: np.ndarray
    weight_sum: np.ndarray
    df: np.ndarray

    def covariance(self, d: int, e: int) -> np.ndarray:
        """(J, J) covariance of the means of domains d and e; NaN in rows of means that do not exist."""
        indicators = self.means.shape[1]
        if (d, e) in self.blocks:
            return self.blocks[d, e]
        if (e, d) in self.blocks:
            return self.blocks[e, d].T
        return np.zeros((indicators, indicators))

    def covariance_of(self, domains: Sequence[int]) -> np.ndarray:
        """(K, J, K, J) covariance of the means of some domains."""
        return np.stack([np.stack([self.covariance(d, e) for e in domains], axis=1) for d in domains], axis=0)

    def std_errors(self) -> np.ndarray:
        """(D, J) standard errors; NaN with fewer than two answers or without a degree of freedom."""
        variances = np.stack([np.diag(self.covariance(d, d)) for d in range(len(self.means))])
        shown = (self.n >= 2) & (self.df[:, None] >= 1)
        return np.where(shown, np.sqrt(variances), np.nan)

    def intervals(self, level: float = 0.95, df: np.ndarray | float | None = None) -> np.ndarray:
        """(D, J, 2) limits mean ± t·s; ``df=inf`` gives R's default for domains."""
        degrees = self.df[:, None] if df is None else np.broadcast_to(np.asarray(df, float), self.means.shape)
        with np.errstate(invalid="ignore"):
            margin = stats.t.ppf((1 + level) / 2, degrees) * self.std_errors()
        return np.stack([self.means - margin, self.means + margin], axis=-1)

    def combine(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Linear combinations Σ c_dj ȳ_dj and their covariance c'Vc.

        coefficients : (M, D, J). Returns (M,) values and (M, M) covariance, with the covariance between indicators
        and between domains that share strata. A coefficient of 0 leaves out a mean that does not exist.
        """
        coefficients = np.asarray(coefficients, float)
        flat = np.where(coefficients == 0, 0.0, coefficients * self.means)
        variance = np.zeros((len(coefficients), len(coefficients)))
        for (d, e), block in self.blocks.items():
            part = _product(coefficients[:, d], block, coefficients[:, e])
            variance += part if d == e else part + part.T
        return flat.sum(axis=(1, 2)), variance


def estimate_means(
    sums: CellSums, sample: Sample, *, domains: int | None = None, lonely: str = "adjust"
) -> DomainMeans:
    """Estimate the mean of every indicator in every domain, with the covariance of all of them.

    Parameters
    ----------
    sums : of the answers, by (stratum, domain, weighting cell).
    sample : n_h, N_h and weights. Strata of ``sampled`` 0 play no part.
    domains : D; by default one more than the largest index in ``sums``.
    lonely : see `LONELY_RULES`. ``adjust`` takes the squared distance from the mean of all rows' influences.

    A domain nobody answered in has NaN means; n = 1 has a mean whose standard error is not shown; all answers equal
    give variance 0.

    Raises
    ------
    DesignError
        Unknown rule, a stratum with more answering rows than sampled ones, or, with ``fail``, a stratum of one row.
    """
    if lonely not in LONELY_RULES:
        raise DesignError(f"The lonely rule is {lonely!r}; use one of {', '.join(LONELY_RULES)}.", code="lonely-rule")
    count = int(sums.domain.max(initial=-1)) + 1 if domains is None else domains
    weight = np.asarray(sample.weights, float)[sums.cell]
    n, weight_sum, means = _means(sums, weight, count)
    sampled = np.asarray(sample.sampled, float)
    scale = _scales(sampled, np.asarray(sample.population, float), lonely)
    score, square = _influences(sums, weight, means, weight_sum)
    _check_rows(sums, sampled)
    blocks = _covariance(sums, score, square, scale, sampled, lonely)
    return DomainMeans(means, blocks, n, weight_sum, _degrees(sums, sampled, count))


def _means(sums: CellSums, weight: np.ndarray, domains: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    diagonal = np.arange(sums.indicators)
    counts, totals = sums.count[:, diagonal, diagonal], sums.total[:, diagonal, diagonal]
    n = np.zeros((domains, sums.indicators), np.int64)
    weights, values = np.zeros(n.shape), np.zeros(n.shape)
    np.add.at(n, sums.domain, counts)
    np.add.at(weights, sums.domain, weight[:, None] * counts)
    np.add.at(values, sums.domain, weight[:, None] * totals)
    with np.errstate(invalid="ignore", divide="ignore"):
        return n, weights, np.where(n > 0, values / weights, np.nan) / HUNDRED


def _influences(
    sums: CellSums, weight: np.ndarray, means: np.ndarray, weight_sum: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Per entry, Σu (C, J) and Σuu' (C, J, J) of the rows' influences u_j = w δ_j (y_j − ȳ_j)/N_j."""
    diagonal = np.arange(sums.indicators)
    centre = means[sums.domain] * HUNDRED
    counts, totals = sums.count[:, diagonal, diagonal], sums.total[:, diagonal, diagonal]
    factor = weight[:, None] / (weight_sum[sums.domain] * HUNDRED)
    factor = np.where(np.isfinite(factor), factor, 0.0)
    centre = np.nan_to_num(centre)
    score = factor * (totals - centre * counts)
    pairs = sums.count
    safe = np.maximum(pairs, 1)
    # n·Σyy' − Σy·Σy' is exact while it fits; Python integers are not needed below 10^9 rows of a cell.
    within = (pairs * sums.product - sums.total * np.swapaxes(sums.total, 1, 2)) / safe
    off_j = sums.total / safe - centre[:, :, None]
    off_k = np.swapaxes(sums.total, 1, 2) / safe - centre[:, None, :]
    square = np.where(pairs > 0, within + pairs * off_j * off_k, 0.0)
    return score, square * factor[:, :, None] * factor[:, None, :]


def _scales(sampled: np.ndarray, population: np.ndarray, lonely: str) -> np.ndarray:
    """F_h = (1 − n_h/N_h)·n_h/(n_h − 1); for a stratum of one row what the rule makes of it."""
    alone = sampled == 1
    if alone.any() and lonely == "fail":
        raise DesignError(
            f"Stratum {int(np.flatnonzero(alone)[0])} has one sampled row; collapse it or choose another lonely rule.",
            code="lonely-stratum",
        )
    fraction = np.where(np.isinf(population), 0.0, sampled / np.where(population > 0, population, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = (1 - fraction) * sampled / (sampled - 1)
    return np.where(alone, (1 - fraction) if lonely == "adjust" else 0.0, np.where(sampled > 1, scale, 0.0))


def _covariance(
    sums: CellSums, score: np.ndarray, square: np.ndarray, scale: np.ndarray, sampled: np.ndarray, lonely: str
) -> dict[tuple[int, int], np.ndarray]:
    """V_de = Σ_h F_h (1{d=e} Q_hd − S_hd S_he'/n_h); an entry of several cells or parts is summed first."""
    by_stratum: dict[int, dict[int, list]] = {}
    for entry, (h, d) in enumerate(zip(sums.stratum.tolist(), sums.domain.tolist(), strict=True)):
        parts = by_stratum.setdefault(h, {}).setdefault(d, [0.0, 0.0])
        parts[0] = parts[0] + score[entry]
        parts[1] = parts[1] + square[entry]
    overall = _overall_mean(by_stratum, sampled) if lonely == "adjust" else {}
    blocks: dict[tuple[int, int], np.ndarray] = {}
    strata: dict[tuple[int, int], list[int]] = {}
    for h, parts in sorted(by_stratum.items()):
        present = sorted(parts)
        for place, d in enumerate(present):
            for e in present[place:]:
                block = _stratum_block(parts, overall, d, e, scale[h], sampled[h])
                blocks[d, e] = blocks.get((d, e), 0.0) + block
                strata.setdefault((d, e), []).append(h)
    if lonely == "average":
        for pair, members in strata.items():
            paired = sum(1 for h in members if sampled[h] > 1)
            blocks[pair] = blocks[pair] * (len(members) / paired) if paired else np.full_like(blocks[pair], np.nan)
    return blocks


def _stratum_block(parts: dict, overall: dict, d: int, e: int, scale: float, sampled: float) -> np.ndarray:
    one, other = parts[d][0], parts[e][0]
    if sampled == 1:
        return scale * np.outer(one - overall.get(d, 0.0), other - overall.get(e, 0.0))
    square = parts[d][1] if d == e else 0.0
    return scale * (square - np.outer(one, other) / sampled)


def _overall_mean(by_stratum: Mapping[int, Mapping[int, list]], sampled: np.ndarray) -> dict[int, np.ndarray]:
    """Per domain, the mean influence over all sampled rows: Σz / Σn_h."""
    total = float(sampled.sum())
    result: dict[int, np.ndarray] = {}
    for parts in by_stratum.values():
        for d, (score, _) in parts.items():
            result[d] = result.get(d, 0.0) + score / total
    return result


def _check_rows(sums: CellSums, sampled: np.ndarray) -> None:
    rows = np.zeros(len(sampled), np.int64)
    np.add.at(rows, sums.stratum, sums.rows)
    over = np.flatnonzero(rows > sampled)
    if over.size:
        h = int(over[0])
        raise DesignError(
            f"Stratum {h} has {rows[h]} answering rows but only {int(sampled[h])} sampled ones.",
            code="rows-above-n",
            row=h,
        )


def _degrees(sums: CellSums, sampled: np.ndarray, domains: int) -> np.ndarray:
    """R's ``degf`` of the domain's subset: rows of its strata less its strata."""
    pairs = np.unique(np.stack([sums.domain, sums.stratum], axis=1), axis=0)
    df = np.zeros(domains)
    np.add.at(df, pairs[:, 0], sampled[pairs[:, 1]] - 1)
    return df


def _product(left: np.ndarray, block: np.ndarray, right: np.ndarray) -> np.ndarray:
    """left·block·right' where coefficients of 0 meet missing covariances."""
    used_left, used_right = left.any(axis=0), right.any(axis=0)
    return left[:, used_left] @ block[np.ix_(used_left, used_right)] @ right[:, used_right].T
