"""Fieldwork as rules.

Outcome codes and rates, when to try again, when to release more of the sample, how much sample to plan.
"""

from surveys.fieldwork.calling_hours import CallingHours, Opening, Slot, Window
from surveys.fieldwork.dispositions import (
    MESSAGE_OUTCOMES,
    TELEPHONE_OUTCOMES,
    TryOutcome,
    final_outcome,
    message_outcome,
    telephone_outcome,
)
from surveys.fieldwork.outcomes import OUTCOME_CLASSES, OUTCOMES, Outcome, OutcomeCounts, Rates, find_outcome, rates
from surveys.fieldwork.quotas import (
    ReleaseDecision,
    ReleaseRule,
    ReplicateProgress,
    expected_completes,
    should_release_next,
)
from surveys.fieldwork.scheduling import RetryRule, Try, next_try, tries_exhausted

__all__ = [
    "MESSAGE_OUTCOMES",
    "OUTCOMES",
    "OUTCOME_CLASSES",
    "TELEPHONE_OUTCOMES",
    "CallingHours",
    "Opening",
    "Outcome",
    "OutcomeCounts",
    "Rates",
    "ReleaseDecision",
    "ReleaseRule",
    "ReplicateProgress",
    "RetryRule",
    "Slot",
    "Try",
    "TryOutcome",
    "Window",
    "expected_completes",
    "final_outcome",
    "find_outcome",
    "message_outcome",
    "next_try",
    "rates",
    "should_release_next",
    "telephone_outcome",
    "tries_exhausted",
]
