"""From what a provider reports to an outcome code per try, and from the tries of a case to its one final code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.errors import FieldworkError
from surveys.fieldwork.outcomes import find_outcome


@dataclass(frozen=True)
class TryOutcome:
    """What one try came to: the outcome code, and whether it used up one of the case's tries."""

    outcome: str
    counts_as_try: bool


_RANG = True
_NEVER_REACHED = False

#: A busy line counts: the call was put through to it, and it is what makes "always busy" ever become final.
TELEPHONE_OUTCOMES: Mapping[str, TryOutcome] = {
    "busy": TryOutcome("3.12", _RANG),
    "no-answer": TryOutcome("3.13", _RANG),
    "machine": TryOutcome("3.14", _RANG),
    "machine_start": TryOutcome("3.14", _RANG),
    "machine_end_beep": TryOutcome("3.14", _RANG),
    "machine_end_silence": TryOutcome("3.14", _RANG),
    "machine_end_other": TryOutcome("3.14", _RANG),
    "machine_named": TryOutcome("2.22", _RANG),
    "fax": TryOutcome("4.20", _RANG),
    "hung-up": TryOutcome("2.113", _RANG),
    "refused": TryOutcome("2.11", _RANG),
    "broken-off": TryOutcome("2.12", _RANG),
    "no-screener": TryOutcome("3.21", _RANG),
    "bridged": TryOutcome("2.30", _RANG),
    "call-later": TryOutcome("2.21", _RANG),
    "number-invalid": TryOutcome("4.30", _NEVER_REACHED),
    "number-disconnected": TryOutcome("4.32", _NEVER_REACHED),
    "blocked": TryOutcome("3.15", _NEVER_REACHED),
    "failed": TryOutcome("3.16", _NEVER_REACHED),
    "canceled": TryOutcome("3.16", _NEVER_REACHED),
    "queue-expired": TryOutcome("3.16", _NEVER_REACHED),
    "rate-limited": TryOutcome("3.16", _NEVER_REACHED),
}

MESSAGE_OUTCOMES: Mapping[str, TryOutcome] = {
    "delivered": TryOutcome("3.19", True),
    "opened": TryOutcome("2.113", True),
    "unsubscribed": TryOutcome("2.11", True),
    "undelivered": TryOutcome("3.30", _NEVER_REACHED),
    "number-invalid": TryOutcome("4.30", _NEVER_REACHED),
    "not-a-mobile": TryOutcome("3.30", _NEVER_REACHED),
    "blocked": TryOutcome("3.15", _NEVER_REACHED),
    "failed": TryOutcome("3.16", _NEVER_REACHED),
    "rate-limited": TryOutcome("3.16", _NEVER_REACHED),
}

#: error codes of the telephone provider that say something about the number, or that it was asked too fast
PROVIDER_ERRORS: Mapping[str, str] = {
    "21211": "number-invalid",
    "21214": "number-invalid",
    "21216": "blocked",
    "21217": "number-invalid",
    "21612": "undelivered",
    "21614": "not-a-mobile",
    "21610": "unsubscribed",
    "20429": "rate-limited",
    "429": "rate-limited",
}


def provider_failed(error_code: str) -> bool:
    """Whether a refused request is the provider's or the account's fault: not the number's, and not that of the pace."""
    return error_code not in PROVIDER_ERRORS


def telephone_outcome(status: str, *, answered_by: str = "", error_code: str = "") -> TryOutcome | None:
    """The outcome of a call from its last status; ``None`` while it is under way, and where a human answered.

    What a human says decides itself (``questionnaire.outcome`` or ``refused``, ``hung-up``, ``broken-off``): a
    voicemail also ends ``completed``, so a complete interview is never read off the call's status. Raises
    ``FieldworkError`` for an unknown status.
    """
    if status in ("queued", "initiated", "ringing", "in-progress", "answered"):
        return None
    known = PROVIDER_ERRORS.get(error_code)
    if known in TELEPHONE_OUTCOMES:
        return TELEPHONE_OUTCOMES[known]
    if status == "completed":
        return TELEPHONE_OUTCOMES.get(answered_by)
    try:
        return TELEPHONE_OUTCOMES[status]
    except KeyError:
        raise FieldworkError(
            "The provider reports call status %(status)r, which is not in the table; add it to "
            "surveys.fieldwork.dispositions.",
            code="provider-status-unknown",
            status=status,
        ) from None


#: What a person who called may state, by two keys: the class, then the code in it. What answers decide is not among
#: these (complete, partial, not a user), nor what no call can come to.
CALL_OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "R": ("2.11", "2.12", "2.111", "2.113"),
    "N": ("2.21", "2.20", "2.22", "2.25", "2.26"),
    "O": ("2.30", "2.31", "2.32", "2.33", "2.36"),
    "U": ("3.13", "3.12", "3.14", "3.15", "3.16", "3.21"),
    "E": ("4.30", "4.31", "4.32", "4.33", "4.41", "4.51", "4.20", "4.70"),
}

#: codes of a try in which no telephone rang
_NEVER_RANG = frozenset({"3.11", "3.15", "3.16", "3.30", "4.30", "4.31", "4.32"})


def stated_outcome(code: str) -> TryOutcome:
    """The outcome of a try whose code somebody states who made it, such as a call centre.

    Raises ``FieldworkError`` for an unknown code and for 4.80, which no released case can have.
    """
    find_outcome(code)
    _refuse_quota(code)
    return TryOutcome(code, code not in _NEVER_RANG)


def _refuse_quota(code: str) -> None:
    if code == "4.80":
        raise FieldworkError(
            "A released case cannot end as 4.80 (quota filled); quotas decide releases only.",
            code="quota-on-released-case",
        )


def message_outcome(status: str, *, error_code: str = "") -> TryOutcome | None:
    """The outcome of a text message from its last status.

    ``None`` while it is under way (``sent`` is not yet delivered).
    """
    if status in ("accepted", "scheduled", "queued", "sending", "sent"):
        return None
    known = PROVIDER_ERRORS.get(error_code)
    if known in MESSAGE_OUTCOMES:
        return MESSAGE_OUTCOMES[known]
    try:
        return MESSAGE_OUTCOMES[status]
    except KeyError:
        raise FieldworkError(
            "The provider reports message status %(status)r, which is not in the table; add it to "
            "surveys.fieldwork.dispositions.",
            code="provider-status-unknown",
            status=status,
        ) from None


#: Which try speaks for a case that nobody answered for good: what says most about the person first, and within that the
#: later try. A refusal stays one though nobody answered afterwards; a person reached outweighs a machine, a machine a
#: line that only rang.
_PRECEDENCE = (
    ("I",),
    ("P",),
    ("R",),
    ("O",),
    ("NC",),
    ("3.20", "3.21"),
    ("NE",),
    ("3.14",),
    ("3.13",),
    ("3.12",),
    ("3.15",),
    ("3.19",),
    ("3.30", "3.90"),
    ("3.16",),
    ("3.10", "3.11"),
)
_RANK = {key: rank for rank, keys in enumerate(_PRECEDENCE) for key in keys}


def _precedence(code: str) -> int:
    outcome = find_outcome(code)
    return _RANK[outcome.outcome_class] if outcome.outcome_class in _RANK else _RANK[code]


def final_outcome(outcomes: Sequence[str], *, tries_exhausted: bool, field_period_over: bool) -> str | None:
    """The final code of a released case from the outcomes of its tries, oldest first.

    ``None`` while work on it goes on.

    1. A complete stands, whatever came before or after it; so does a partial against everything but a complete.
    2. Otherwise the last outcome that ends a case decides (refusal by the respondent, not eligible, deceased …).
    3. Otherwise, once the tries are exhausted or the field period is over, the most informative outcome does: refusal
       before other, non-contact, contact without screening, out of service, machine, no answer, busy, and among equals
       the latest.
    4. A case that was never tried is 3.11 when the field period is over.

    Raises ``FieldworkError`` for an unknown code and for 4.80: a released case is worked to the end and never closed by
    a quota.
    """
    for code in outcomes:
        find_outcome(code)
        _refuse_quota(code)
    for answered in ("1.1", "1.2"):
        if answered in outcomes:
            return answered
    for code in reversed(outcomes):
        if find_outcome(code).ends_case:
            return code
    if not (tries_exhausted or field_period_over):
        return None
    if not outcomes:
        return "3.11"
    best = min(_precedence(code) for code in outcomes)
    return next(code for code in reversed(outcomes) if _precedence(code) == best)
