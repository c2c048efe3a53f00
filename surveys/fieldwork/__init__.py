"""Fieldwork as rules.

Outcome codes and rates, when to try again, when to stop because the provider fails, when to release more of the sample, what it may cost,
how much sample to plan.
"""

from surveys.fieldwork.calling_hours import CallingHours, Opening, Slot, Window
from surveys.fieldwork.circuit import CLOSED, HALF_OPEN, OPEN, Circuit, CircuitRule, Stretch, judge_circuit
from surveys.fieldwork.costs import Costs
from surveys.fieldwork.dispositions import (
    CALL_OUTCOMES,
    MESSAGE_OUTCOMES,
    TELEPHONE_OUTCOMES,
    TryOutcome,
    final_outcome,
    message_outcome,
    provider_failed,
    stated_outcome,
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
from surveys.fieldwork.scheduling import (
    RetryRule,
    Try,
    call_later_at,
    is_soft_refusal,
    next_try,
    tries_exhausted,
)
from surveys.fieldwork.stop_words import asks_to_stop

__all__ = [
    "CALL_OUTCOMES",
    "CLOSED",
    "HALF_OPEN",
    "MESSAGE_OUTCOMES",
    "OPEN",
    "OUTCOMES",
    "OUTCOME_CLASSES",
    "TELEPHONE_OUTCOMES",
    "CallingHours",
    "Circuit",
    "CircuitRule",
    "Costs",
    "Opening",
    "Outcome",
    "OutcomeCounts",
    "Rates",
    "ReleaseDecision",
    "ReleaseRule",
    "ReplicateProgress",
    "RetryRule",
    "Slot",
    "Stretch",
    "Try",
    "TryOutcome",
    "Window",
    "asks_to_stop",
    "call_later_at",
    "expected_completes",
    "final_outcome",
    "find_outcome",
    "is_soft_refusal",
    "judge_circuit",
    "message_outcome",
    "next_try",
    "provider_failed",
    "rates",
    "should_release_next",
    "stated_outcome",
    "telephone_outcome",
    "tries_exhausted",
]
