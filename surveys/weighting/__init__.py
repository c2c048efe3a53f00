"""Weighting: from the draw to the weight of an answer."""

from surveys.weighting.classes import ClassCounts, ClassWeight, weigh_classes

__all__ = ["ClassCounts", "ClassWeight", "weigh_classes"]
