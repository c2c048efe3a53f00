"""Trimming: the largest and smallest weights cut off, what is cut off spread over the others."""

from __future__ import annotations

import numpy as np

from surveys.errors import DesignError


def trim_weights(weights: np.ndarray, *, lower: float = 0.0, upper: float = np.inf, strict: bool = False) -> np.ndarray:
    """(n,) weights within [lower, upper] with the same sum; R's ``trimWeights``.

    What is cut off goes in equal parts to the weights strictly inside. strict : repeat until those are inside too;
    else a few may end up just outside. Margins that were calibrated are left by it: calibrate again. Raises
    ``DesignError`` where the bounds are the wrong way round or the sum cannot be kept within them.
    """
    trimmed = np.array(weights, float)
    if not lower <= upper:
        raise DesignError(
            "The lower bound %(lower)g is above the upper bound %(upper)g.",
            code="trimming-bounds",
            lower=lower,
            upper=upper,
        )
    # A round that does not end the trimming puts at least one further weight at its bound, where it stays.
    for _ in range(len(trimmed) + 1):
        if not ((trimmed < lower) | (trimmed > upper)).any():
            return trimmed
        cut = np.clip(trimmed, lower, upper)
        inside = (cut > lower) & (cut < upper)
        if not inside.any():
            break
        cut[inside] += (trimmed - cut).sum() / inside.sum()
        trimmed = cut
        if not strict:
            return trimmed
    raise DesignError(
        "Weights that add up to %(sum)g cannot all lie between %(lower)g and %(upper)g; widen the bounds.",
        code="trimming-bounds",
        sum=np.sum(weights),
        lower=lower,
        upper=upper,
    )
