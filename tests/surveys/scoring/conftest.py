import copy

import numpy as np
import pytest

from surveys.scoring.estimates import RoundEstimates, ScoredUnit
from surveys.scoring.schemes import SATISFACTION_PRESETS, Scheme

WEIGHTS = {"I1": 0.20, "I2": 0.15, "I3": 0.20, "I4": 0.10, "I5": 0.15, "I6": 0.20, "A1": 0}


def example_document() -> dict:
    """The default configuration of the example programme, as far as scoring reads it."""
    points = SATISFACTION_PRESETS["CN5"]
    options = [{"value": v, "kind": "rated", "points": p, "satisfied": v in "12"} for v, p in points.items()]
    options.append({"value": "8", "kind": "dont_know", "points": None, "satisfied": False})
    return {
        "indicators": [{"code": code, "weight": weight, "scale": "CN5"} for code, weight in WEIGHTS.items()],
        "scales": [{"code": "CN5", "options": options}],
        "groups": [
            {"code": "individuals", "weight": 0.5},
            {"code": "enterprises", "weight": 0.25},
            {"code": "representatives", "weight": 0.25},
        ],
        "grades": [
            {"code": "excellent", "at_least": 85},
            {"code": "good", "at_least": 75},
            {"code": "pass", "at_least": 60},
            {"code": "fail", "at_least": 0},
        ],
        "scoring": {
            "confidence_level": 0.95,
            "methods": {"survey": 0.7, "hotline": 0.3},
            "hotline": {"response": 0.3, "resolution": 0.35, "satisfaction": 0.35, "shrinkage_k": 30},
            "annual": {"key": {"mid_year": 0.3, "year_end": 0.7}, "other": {"mid_year": 0, "year_end": 1}},
            "adjustment": {"cap": 5, "approvers": 2},
            "gates": {"nothing_below": 10, "internal_below": 30, "grade_from": 100, "reliability_from": 0.7},
            "rounding": {"scores": 2, "errors": 3, "shares": 4},
            "presets": [
                {"code": code, "scale": "CN5", "points": dict(values)}
                for code, values in SATISFACTION_PRESETS.items()
                if code != "CN5"
            ],
        },
    }


@pytest.fixture
def document() -> dict:
    return copy.deepcopy(example_document())


@pytest.fixture(scope="session")
def scheme() -> Scheme:
    return Scheme.from_configuration(example_document())


def made_up_estimates(
    unit_count: int = 8, n_per_group: tuple[int, ...] = (90, 45, 25), seed: int = 1
) -> RoundEstimates:
    """A round of units in two categories, with correlated indicators and independent groups."""
    generator = np.random.default_rng(seed)
    groups, indicators = len(n_per_group), len(WEIGHTS)
    level = generator.normal(75, 8, unit_count)
    n = np.tile(np.array(n_per_group)[None, :, None], (unit_count, 1, indicators))
    means = np.clip(level[:, None, None] + generator.normal(0, 2, (unit_count, groups, indicators)), 0, 100)
    covariance = np.zeros((unit_count, groups, indicators, groups, indicators))
    for g in range(groups):
        shared = 25.0**2 / n_per_group[g]
        covariance[:, g, :, g, :] = shared * (0.5 + 0.5 * np.eye(indicators))
    return RoundEstimates(
        units=tuple(
            ScoredUnit(f"U{k:02}", "services" if k % 2 else "enforcement", k % 3 == 0) for k in range(unit_count)
        ),
        means=means,
        covariance=covariance,
        n=n,
        df=np.full(unit_count, sum(n_per_group) - 6),
        completes=np.full(unit_count, sum(n_per_group)),
        dont_know=np.full((unit_count, indicators), 4),
        satisfied=np.full((unit_count, indicators), 0.8125),
    )


@pytest.fixture
def estimates() -> RoundEstimates:
    return made_up_estimates()
