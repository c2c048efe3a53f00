"""What other weights of the indicators would do to the order of a category, from its published means alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flask_babel import gettext

from evalsys.render.score_table import ScoreCategory, ScoreTable
from surveys.scoring.sensitivity import Sensitivity, effective_weights, scale_sensitivity


@dataclass(frozen=True)
class WeightSensitivity:
    """``shares``: indicator → (weight, share of the spread between units that it makes); ``others``: what other weights would do."""

    units: int
    shares: tuple[tuple[str, float, float], ...]
    others: tuple[Sensitivity, ...]


def weigh_otherwise(table: ScoreTable, category: ScoreCategory) -> WeightSensitivity | None:
    """Equal weights, and each indicator left out; ``None`` where fewer than three units have every mean or their scores do not differ."""
    items = table.scored
    rows = [row for row in category.rows if all(row.mean(item["code"]) is not None for item in items)]
    if len(rows) < 3 or len(items) < 2:
        return None
    means = np.array([[float(row.mean(item["code"])) for item in items] for row in rows])
    weights = np.array([item["weight"] for item in items], float)
    shares = effective_weights(means, weights / weights.sum())
    if shares is None:
        return None
    others = {gettext("equal weights"): np.ones(len(items))}
    for at, item in enumerate(items):
        others[gettext("without %(indicator)s", indicator=f"{item['code']} {item['name'][table.language]}")] = np.where(
            np.arange(len(items)) == at, 0, weights
        )
    names = [f"{item['code']} {item['name'][table.language]}" for item in items]
    codes = [row.code for row in rows]

    def scores(chosen: np.ndarray) -> dict[str, float]:
        return dict(zip(codes, (means @ chosen / chosen.sum()).tolist(), strict=True))

    found = scale_sensitivity(scores(weights), {name: scores(chosen) for name, chosen in others.items()})
    return WeightSensitivity(
        len(rows), tuple(zip(names, (weights / weights.sum()).tolist(), shares.tolist(), strict=True)), tuple(found)
    )
