"""Scoring.

Schemes of points and weights, composites, hotline and annual scores, comparison of units, what may be shown.
"""

from surveys.scoring.annual import Adjustment, AnnualResult, annual_result, grade_of, round_score, year_score
from surveys.scoring.composites import Composite, composite, survey_score
from surveys.scoring.estimates import RoundEstimates, ScoredUnit, UnitInput
from surveys.scoring.figures import canonical_json, figure, rounded
from surveys.scoring.gates import VISIBILITIES, may_see, visibility
from surveys.scoring.hotline import HotlineCounts, HotlineScore, category_rates, hotline_score
from surveys.scoring.publication import differences, figures_of, public_figures, recompute
from surveys.scoring.ranks import RankSets, rank_sets
from surveys.scoring.rounds import CategoryScores, RoundScores, UnitScore, derive, score_round
from surveys.scoring.schemes import SATISFACTION_PRESETS, Scheme
from surveys.scoring.suppression import HiddenCells, suppress

__all__ = [
    "SATISFACTION_PRESETS",
    "VISIBILITIES",
    "Adjustment",
    "AnnualResult",
    "CategoryScores",
    "Composite",
    "HiddenCells",
    "HotlineCounts",
    "HotlineScore",
    "RankSets",
    "RoundEstimates",
    "RoundScores",
    "Scheme",
    "ScoredUnit",
    "UnitInput",
    "UnitScore",
    "annual_result",
    "canonical_json",
    "category_rates",
    "composite",
    "derive",
    "differences",
    "figure",
    "figures_of",
    "grade_of",
    "hotline_score",
    "may_see",
    "public_figures",
    "rank_sets",
    "recompute",
    "round_score",
    "rounded",
    "score_round",
    "suppress",
    "survey_score",
    "visibility",
    "year_score",
]
