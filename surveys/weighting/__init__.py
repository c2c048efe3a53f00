"""Weighting: from the draw to the weight of an answer, step by step.

Base weight and nonresponse by class (``weigh_classes``) or by propensity, then known margins (``rake``,
``post_stratify``, ``calibrate``), trimming, and the table of what each step costs. Everything but propensities acts
on weighting cells as well as on rows.
"""

from surveys.weighting.calibration import calibrate
from surveys.weighting.classes import ClassCounts, ClassWeight, weigh_classes
from surveys.weighting.propensity import nonresponse_factors, propensity_classes, response_propensities
from surveys.weighting.raking import Margin, post_stratify, rake
from surveys.weighting.steps import WeightStep, effective_n, kish_deff, weight_steps
from surveys.weighting.trimming import trim_weights

__all__ = [
    "ClassCounts",
    "ClassWeight",
    "Margin",
    "WeightStep",
    "calibrate",
    "effective_n",
    "kish_deff",
    "nonresponse_factors",
    "post_stratify",
    "propensity_classes",
    "rake",
    "response_propensities",
    "trim_weights",
    "weigh_classes",
    "weight_steps",
]
