"""What the made-up people really think: per unit and group, how likely each answer to each question is.

The simulator answers by these shares and a demo compares the published scores with ``true_score``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from evalsys.design.programme_files import ProgrammeFiles

LOWEST, HIGHEST = 62.0, 92.0
SPREAD = 1.15
DONT_KNOW_SHARES = (0.02, 0.08)
COACHED_SHARE = 0.03
USER_SHARES = (0.9, 0.98)
GROUP_SHIFTS = (-0.8, 0.6, 1.0)
"""By how many points the first, second and third group differ from the unit's own level."""


def make_truth(files: ProgrammeFiles, *, round_kind: str, seed: int) -> dict[str, Any]:
    """``{"round_kind", "seed", "units": {unit: {group: {question: {value: share}}}}}`` for all units.

    Unit levels are spread evenly from 62 to 92 within each category in an order that the seed decides; the two rounds
    of a year differ by a point or two. Shares have four decimals and sum to 1 exactly.
    """
    configuration = files.configuration
    levels = _levels(files, seed)
    units = {}
    for number, unit in enumerate(files.units):
        generator = np.random.default_rng([seed, number, 4])
        shift = generator.normal(0.5, 1.5) if round_kind == "year_end" else 0.0
        level = min(HIGHEST, max(LOWEST, levels[unit["code"]] + shift))
        shifts = _indicator_shifts(configuration, generator)
        dont_know = {row["code"]: generator.uniform(*DONT_KNOW_SHARES) for row in configuration["indicators"]}
        user_share = generator.uniform(*USER_SHARES)
        units[unit["code"]] = {
            group["code"]: _shares(configuration, level + GROUP_SHIFTS[place % 3], shifts, dont_know, user_share)
            for place, group in enumerate(configuration["groups"])
        }
    return {"round_kind": round_kind, "seed": seed, "units": units}


def write_truth(truth: Mapping[str, Any], path: str | Path) -> None:
    """Write it as JSON with sorted keys; same truth, same bytes."""
    text = json.dumps(truth, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    Path(path).write_text(text + "\n", encoding="utf-8")


def true_score(configuration: Mapping[str, Any], shares_by_group: Mapping[str, Mapping]) -> float:
    """A unit's survey score by its shares: Σ group weight · Σ indicator weight · mean points of rated answers."""
    points = {
        scale["code"]: {option["value"]: option["points"] for option in scale["options"] if option["kind"] == "rated"}
        for scale in configuration["scales"]
    }
    return sum(
        group["weight"]
        * row["weight"]
        * _mean_points(shares_by_group[group["code"]][row["code"]], points[row["scale"]])
        for group in configuration["groups"]
        for row in configuration["indicators"]
        if row["role"] == "scored"
    )


def _mean_points(shares: Mapping[str, float], points: Mapping[str, float]) -> float:
    rated = sum(shares[value] for value in points)
    return sum(shares[value] * points[value] for value in points) / rated


def _levels(files: ProgrammeFiles, seed: int) -> dict[str, float]:
    levels = {}
    for place, category in enumerate(files.configuration["categories"]):
        codes = [unit["code"] for unit in files.units if unit["category"] == category["code"]]
        order = np.random.default_rng([seed, place, 5]).permutation(len(codes))
        span = HIGHEST - LOWEST
        levels |= {
            code: LOWEST + span * (rank + 0.5) / len(codes) for code, rank in zip(codes, order.tolist(), strict=True)
        }
    return levels


def _indicator_shifts(configuration: Mapping[str, Any], generator: np.random.Generator) -> dict[str, float]:
    """Points by which each indicator lies above or below the unit's level; weighted by the indicators they sum to 0."""
    rows = configuration["indicators"]
    shifts = generator.normal(0, 2.5, len(rows))
    weights = np.array([row["weight"] for row in rows])
    shifts -= shifts @ weights
    return {row["code"]: float(shift) for row, shift in zip(rows, shifts, strict=True)}


def _shares(
    configuration: Mapping[str, Any],
    level: float,
    shifts: Mapping[str, float],
    dont_know: Mapping[str, float],
    user_share: float,
) -> dict[str, dict[str, float]]:
    scales: dict[str, Sequence[Mapping]] = {scale["code"]: scale["options"] for scale in configuration["scales"]}
    shares = {
        row["code"]: _answer_shares(scales[row["scale"]], level + shifts[row["code"]], dont_know[row["code"]])
        for row in configuration["indicators"]
    }
    questionnaire = configuration["questionnaire"]
    for question in questionnaire["questions"]:
        if question["role"] == "indicator" or not question["scale"]:
            continue
        values = [option["value"] for option in scales[question["scale"]]]
        likely = user_share if question["code"] == questionnaire["screener"] else COACHED_SHARE
        rest = [round((1 - likely) * part, 4) for part in ([1.0] if len(values) == 2 else [0.98, 0.02])]
        shares[question["code"]] = _exact(dict(zip(values, [likely, *rest], strict=True)))
    return shares


def _answer_shares(options: Sequence[Mapping], level: float, aside: float) -> dict[str, float]:
    """Shares of a scale's answers: rated ones with mean points ``level``, the others together ``aside``."""
    rated = [option for option in options if option["kind"] == "rated"]
    others = [option["value"] for option in options if option["kind"] != "rated"]
    points = np.array([option["points"] for option in rated], dtype=float)
    level = min(max(level, points.min() + 2), points.max() - 2)
    # An ordered answer to a normal opinion: cut points half-way between the options, opinions shifted to the level.
    cuts = (points[:-1] + points[1:]) / 2
    spread = SPREAD * float(np.ptp(points)) / 4

    def rated_shares(centre: float) -> np.ndarray:
        above = ndtr((centre - cuts) / spread)
        return np.diff(np.concatenate(([0.0], above, [1.0])))

    centre = brentq(lambda at: rated_shares(at) @ points - level, -300.0, 400.0, xtol=1e-6)
    kept = 1 - aside if others else 1.0
    shares = {option["value"]: kept * share for option, share in zip(rated, rated_shares(centre), strict=True)}
    return _exact(shares | {value: aside / len(others) for value in others})


def _exact(shares: Mapping[str, float]) -> dict[str, float]:
    """Four decimals that sum to 1: the largest share takes the rounding."""
    parts = {value: round(share * 10_000) for value, share in shares.items()}
    largest = max(parts, key=parts.__getitem__)
    parts[largest] += 10_000 - sum(parts.values())
    return {value: part / 10_000 for value, part in parts.items()}
