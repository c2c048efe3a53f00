"""From exact integer sums to means, and to the centred sums of squares of their influences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveys.estimation.sums import CellSums

#: hundredths in a point
HUNDRED = 100
#: entries that are worked on at a time, so that they stay in the processor's cache
_CHUNK = 4096
#: products of integers beyond this are formed in integers of any size
_LARGEST = 2**62


@dataclass(frozen=True)
class Moments:
    """Means of D domains and, for the M pairs (stratum, domain) that hold rows, the sums over their rows' influences u.

    means, n, weight_sum, srs : (D, J); rows : (D,). stratum, domain : (M,), by domain and then stratum. scores : (M,
    J) Σu. squares : (M, J, J) Σ (u − ū)(u − ū)' over all sampled rows of the stratum, where rows outside the domain
    have u = 0.
    """

    means: np.ndarray
    n: np.ndarray
    rows: np.ndarray
    weight_sum: np.ndarray
    srs: np.ndarray
    stratum: np.ndarray
    domain: np.ndarray
    scores: np.ndarray
    squares: np.ndarray


def domain_moments(
    sums: CellSums, weights: np.ndarray, sampled: np.ndarray, centring: np.ndarray, domains: int
) -> Moments:
    """Moments of the influences u_j = w δ_j (y_j − ȳ_j)/Σw δ_j.

    weights : (cells,). sampled : (H,) n_h. centring : (H,) 1/n_h, or 0 for a stratum that is not centred. domains : D.
    """
    keep = np.flatnonzero(sums.domain >= 0)
    order = keep[np.lexsort((sums.cell[keep], sums.stratum[keep], sums.domain[keep]))]
    ends = np.searchsorted(sums.domain[order], np.arange(domains), side="right")
    parts, low = [], 0
    while low < domains or not parts:
        begin = ends[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(ends, begin + _CHUNK, side="right")))
        high = min(high, domains)
        rows = order[begin : ends[high - 1]] if domains else order
        parts.append(_moments_of_some(_Entries.of(sums, rows, low, high, weights), sampled, centring, low))
        low = max(high, 1)
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Moments(*(np.concatenate(column) for column in columns))


def sum_by(codes: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """(count, …) sums of values by sorted codes, in the order of the entries."""
    sums = np.zeros((count, *values.shape[1:]), values.dtype)
    if len(codes):
        starts = np.flatnonzero(np.r_[True, np.diff(codes) != 0])
        sums[codes[starts]] = np.add.reduceat(values, starts, axis=0)
    return sums


@dataclass(frozen=True)
class _Entries:
    """Entries of a range of domains, by domain, stratum and cell, with the P = J(J+1)/2 pairs of indicators j ≤ k packed.

    n : (K, P) rows that answered both. left, right : (K, P) Σ(y_j − c_j) and Σ(y_k − c_k) over them, product : (K, P)
    of both, c the whole number nearest below the domain's unweighted mean: equal answers leave zeros behind. All are
    integers. first, second : (P,) the pair's indicators. own : (J,) where the pairs of an indicator with itself
    stand.
    """

    domain: np.ndarray
    stratum: np.ndarray
    rows: np.ndarray
    w: np.ndarray
    n: np.ndarray
    left: np.ndarray
    right: np.ndarray
    product: np.ndarray
    centre: np.ndarray
    first: np.ndarray
    second: np.ndarray
    own: np.ndarray

    @classmethod
    def of(cls, sums: CellSums, order: np.ndarray, low: int, high: int, weights: np.ndarray) -> _Entries:
        first, second = np.triu_indices(sums.indicators)
        own = np.flatnonzero(first == second)
        domain = sums.domain[order] - low
        n, product = sums.count[order][:, first, second], sums.product[order][:, first, second]
        totals = sums.total[order]
        left, right = totals[:, first, second], totals[:, second, first]
        whole = sum_by(domain, left[:, own], high - low)
        centre = whole // np.maximum(sum_by(domain, n[:, own], high - low), 1)
        a, b = centre[domain][:, first], centre[domain][:, second]
        product = product - b * left - a * right + a * b * n
        return cls(
            domain,
            sums.stratum[order],
            sums.rows[order],
            weights[sums.cell[order]],
            n,
            left - a * n,
            right - b * n,
            product,
            centre,
            first,
            second,
            own,
        )


def _moments_of_some(e: _Entries, sampled: np.ndarray, centring: np.ndarray, low: int) -> Moments:
    count, w = len(e.centre), e.w[:, None]
    starts = np.flatnonzero(np.r_[True, (np.diff(e.domain) != 0) | (np.diff(e.stratum) != 0)][: len(e.domain)])
    n, weight_sum = sum_by(e.domain, e.n[:, e.own], count), sum_by(e.domain, w * e.n[:, e.own], count)
    exists = weight_sum > 0
    size = np.where(exists, weight_sum, 1.0)
    offset = sum_by(e.domain, w * e.left[:, e.own], count) / size
    shift_of = offset[e.domain]
    left = e.left - e.n * shift_of[:, e.first]  # Σ (y_j − ȳ_j) over the rows that answered j and k
    right = e.right - e.n * shift_of[:, e.second]
    inside = _squares_in_cell(e)
    scores = _reduced(w * left[:, e.own], starts)
    domain, stratum = e.domain[starts], e.stratum[starts]
    mean = scores * centring[stratum][:, None]  # the mean influence of the stratum's rows
    answering = e.n[:, e.own][:, e.first] + e.n[:, e.own][:, e.second] - e.n
    neither = sampled[stratum][:, None] - _reduced(answering, starts)
    squares = _reduced(
        _spread(e, left, right, inside, np.repeat(mean, np.diff(np.append(starts, len(w))), axis=0)), starts
    )
    squares += neither * mean[:, e.first] * mean[:, e.second]
    per_point = (size * HUNDRED)[domain]
    squares /= per_point[:, e.first] * per_point[:, e.second]
    unpacked = np.empty((len(starts), len(e.own), len(e.own)))
    unpacked[:, e.first, e.second] = unpacked[:, e.second, e.first] = squares
    return Moments(
        means=np.where(exists, (e.centre + offset) / HUNDRED, np.nan),
        n=n,
        rows=sum_by(e.domain, e.rows, count),
        weight_sum=weight_sum,
        srs=_simple_variance(e, left[:, e.own], inside[:, e.own], n, weight_sum),
        stratum=stratum,
        domain=domain + low,
        scores=scores / per_point,
        squares=unpacked,
    )


def _squares_in_cell(e: _Entries) -> np.ndarray:
    """(K, P) Σ (y_j − ȳ_j)(y_k − ȳ_k) over the rows of an entry that answered both: [nΣyy' − ΣyΣy']/n, exact but for n."""
    largest = int(e.n.max(initial=0)) * int(np.abs(e.product).max(initial=0))
    kind = np.int64 if 2 * largest < _LARGEST else object
    exact = e.n.astype(kind) * e.product - e.left.astype(kind) * e.right
    return exact.astype(float) / np.maximum(e.n, 1)


def _spread(e: _Entries, left: np.ndarray, right: np.ndarray, inside: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(K, P) Σ (u_j − ū_j)(u_k − ū_k) over the rows that answered j or k; where j = k every term is ≥ 0."""
    w, own_n = e.w[:, None], e.n[:, e.own]
    own, a, b = left[:, e.own], mean[:, e.first], mean[:, e.second]
    safe = np.maximum(e.n, 1)
    both = w**2 * inside + e.n * (w * left / safe - a) * (w * right / safe - b)
    only_first = w * (own[:, e.first] - left) - (own_n[:, e.first] - e.n) * a
    only_second = w * (own[:, e.second] - right) - (own_n[:, e.second] - e.n) * b
    return both - only_first * b - only_second * a


def _simple_variance(
    e: _Entries, own: np.ndarray, inside: np.ndarray, n: np.ndarray, weight_sum: np.ndarray
) -> np.ndarray:
    """(D, J) (1 − n/N)·S²/n with N = Σw, S² = Σw(y − ȳ)²/Σw · n/(n − 1), R's ``svyvar``; NaN below two answers."""
    spread = sum_by(e.domain, e.w[:, None] * (inside + own**2 / np.maximum(e.n[:, e.own], 1)), len(n))
    known = (n > 1) & (weight_sum > 0)
    size = np.where(known, weight_sum, 1.0)
    variance = spread / HUNDRED**2 / size / np.maximum(n - 1, 1) * (1 - n / size)
    return np.where(known, variance, np.nan)


def _reduced(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.add.reduceat(values, starts, axis=0) if len(starts) else values[:0]
