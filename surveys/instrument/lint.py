"""What would go wrong in the field, found before a round opens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from surveys.instrument.questions import FINISH_KEY
from surveys.instrument.routing import END, JOINED_BY, holds, parts_of, questions_in
from surveys.instrument.scales import Scale
from surveys.instrument.wording import ANY, LANGUAGES, PIPES, UNIT_CODE, Wording, pipes_in

if TYPE_CHECKING:
    from surveys.instrument.questionnaire import Questionnaire
    from surveys.instrument.questions import Question

MOST_WAYS = 20_000
#: words that join two things in a question; what is in brackets is an example
_JOINS = {"zh": re.compile(r"以及|或者|和|及|、"), "en": re.compile(r"\b(?:and|or)\b|/")}
_EXAMPLE = re.compile(r"\[[^\]]*\]|（[^）]*）|\([^)]*\)|\{[^}]*\}")
_RECORDING = re.compile(r"https://[^\s{}<>\"]+")
#: the messages that a key needs, where it is given
MESSAGES_BY_KEY = {
    "language_key": ("choose_language",),
    "later_key": ("offer_later", "call_later"),
    "interviewer_key": ("offer_interviewer", "interviewer", "no_interviewer"),
}
SPOKEN_MESSAGES = ("no_key", "wrong_key", "menu", *(code for codes in MESSAGES_BY_KEY.values() for code in codes))


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: at which question, scale, rule or message, and the key of the sentence that says it."""

    place: str
    problem: str
    params: Mapping[str, object] = field(default_factory=dict)


def find_problems(questionnaire: Questionnaire) -> list[Finding]:
    """Every finding, in a fixed order."""
    return [
        *_lint_order(questionnaire),
        *_lint_rules(questionnaire),
        *_lint_limits(questionnaire),
        *_lint_reach(questionnaire),
        *_lint_wording(questionnaire),
        *_lint_scales(questionnaire),
        *_lint_keys(questionnaire),
        *_lint_outcome(questionnaire),
        *_lint_blocks(questionnaire),
        *_lint_lengths(questionnaire),
    ]


def find_hints(questionnaire: Questionnaire) -> list[Finding]:
    """What should be looked at again: two things asked about at once, which one answer cannot tell apart."""
    return [
        Finding(question.code, "asks-two-things", {"language": language, "word": found[0]})
        for question in questionnaire.questions.values()
        if question.takes_one
        for language, pattern in _JOINS.items()
        for texts in question.wording.values()
        if (found := pattern.search(_EXAMPLE.sub("", texts.get(language, ""))))
    ]


def _lint_order(questionnaire: Questionnaire) -> Iterator[Finding]:
    seen: set[str] = set()
    for code in questionnaire.order:
        if code in seen:
            yield Finding(code, "asked-twice")
        seen.add(code)
    for code in questionnaire.questions:
        if code not in seen:
            yield Finding(code, "never-asked")


def _lint_rules(questionnaire: Questionnaire) -> Iterator[Finding]:
    position_of = {code: position for position, code in enumerate(questionnaire.order)}
    for number, rule in enumerate(questionnaire.rules, 1):
        place = f"routing[{number}]"
        if rule.after not in position_of:
            yield Finding(place, "unknown-question", {"question": rule.after})
            continue
        here = position_of[rule.after]
        if rule.goto != END and rule.goto not in position_of:
            yield Finding(place, "unknown-question", {"question": rule.goto})
        elif rule.goto != END and position_of[rule.goto] <= here:
            yield Finding(place, "goes-back", {"question": rule.goto})
        for code in sorted(questions_in(rule.when)):
            if code not in position_of:
                yield Finding(place, "unknown-question", {"question": code})
            elif position_of[code] > here:
                yield Finding(place, "looks-ahead", {"question": code})
        yield from _lint_values(questionnaire, place, rule.when)


def _lint_values(questionnaire: Questionnaire, place: str, condition: Mapping) -> Iterator[Finding]:
    for part in parts_of(condition):
        yield from _lint_values(questionnaire, place, part)
    question = questionnaire.questions.get(condition.get("question", ""))
    if question and question.options and "any_of" in condition:
        known = {option.value for option in question.options}
        for value in condition["any_of"]:
            if value not in known:
                yield Finding(place, "unknown-value", {"question": question.code, "value": value})


def _lint_limits(questionnaire: Questionnaire) -> Iterator[Finding]:
    """Limits that no answer can keep."""
    for question in questionnaire.questions.values():
        pairs: tuple[tuple[Any, Any], ...] = ()
        if question.kind == "multiple":
            most = len(question.options) - len(question.alone)
            pairs = ((question.at_least, question.at_most or most), (question.at_most, most))
        elif question.kind == "number":
            pairs = ((question.minimum, question.maximum),)
        elif question.kind == "date" and question.not_before and question.not_after:
            pairs = ((question.not_before, question.not_after),)
        if any(low > high for low, high in pairs):
            yield Finding(question.code, "limits-not-ordered")


def _lint_reach(questionnaire: Questionnaire) -> Iterator[Finding]:
    """A question that no answers lead to. All ways are walked, told apart only by answers that some rule looks at."""
    order = questionnaire.order
    position_of = {code: position for position, code in enumerate(order)}
    looked_at = set().union(*(questions_in(rule.when) for rule in questionnaire.rules))
    reached: set[str] = set()
    open_ways: list[tuple[int, tuple[tuple[str, str], ...]]] = [(0, ())]
    walked = set(open_ways)
    while open_ways:
        position, answers = open_ways.pop()
        if position >= len(order):
            continue
        code = order[position]
        reached.add(code)
        for value in _possible_values(questionnaire, code) if code in looked_at else (None,):
            given = answers if value is None else (*answers, (code, value))
            target = _target(questionnaire, code, dict(given))
            onward = len(order) if target == END else max(position + 1, position_of.get(target, 0))
            if (onward, given) not in walked:
                walked.add((onward, given))
                open_ways.append((onward, given))
        if len(walked) > MOST_WAYS:
            yield Finding("routing", "too-many-ways", {"most": MOST_WAYS})
            return
    for code in order:
        if code not in reached:
            yield Finding(code, "unreachable")


def _possible_values(questionnaire: Questionnaire, code: str) -> tuple[str, ...]:
    """One value of each kind that the rules can tell apart."""
    lists = [values for rule in questionnaire.rules for values in _lists_for(rule.when, code)]
    options = questionnaire.questions[code].options
    possible = [option.value for option in options] if options else [*sorted(set().union(*lists)), ""]
    value_by_signature: dict[tuple[bool, ...], str] = {}
    for value in possible:
        value_by_signature.setdefault(tuple(value in values for values in lists), value)
    if options and not questionnaire.questions[code].takes_one:
        for one in possible:
            for signature, value in list(value_by_signature.items()):
                both = tuple(there or one in values for there, values in zip(signature, lists, strict=True))
                value_by_signature.setdefault(both, f"{value}{JOINED_BY}{one}")
    return tuple(value_by_signature.values())


def _lists_for(condition: Mapping, code: str) -> Iterator[Sequence[str]]:
    for part in parts_of(condition):
        yield from _lists_for(part, code)
    if condition.get("question") == code and "any_of" in condition:
        yield condition["any_of"]


def _target(questionnaire: Questionnaire, code: str, answers: Mapping[str, str]) -> str:
    return next((rule.goto for rule in questionnaire.rules if rule.after == code and holds(rule.when, answers)), "")


def _lint_wording(questionnaire: Questionnaire) -> Iterator[Finding]:
    for question in (questionnaire.consent, *questionnaire.questions.values()):
        yield from _lint_texts(question.code, question.wording, question.channels)
        yield from _lint_recording(question)
        for option in question.options:
            for language in LANGUAGES:
                if not option.label.get(language):
                    yield Finding(question.code, "missing-label", {"value": option.value, "language": language})
    for code, wording in questionnaire.messages.items():
        channels = ("voice",) if code in SPOKEN_MESSAGES else ("web", "voice", "interviewer")
        yield from _lint_texts(f"messages.{code}", wording, channels)


def _lint_recording(question: Question) -> Iterator[Finding]:
    for language, address in question.recording.items():
        if not _RECORDING.fullmatch(address.replace(UNIT_CODE, "")):
            yield Finding(question.code, "recording-address", {"value": address})
        spoken = question.wording.get("voice", {}).get(language) or question.wording.get(ANY, {}).get(language, "")
        if "unit" in pipes_in(spoken) and UNIT_CODE not in address:
            yield Finding(question.code, "recording-of-one-unit", {"value": address})


def _lint_texts(place: str, wording: Wording, channels: tuple[str, ...]) -> Iterator[Finding]:
    for channel in channels:
        for language in LANGUAGES:
            if not (wording.get(channel, {}).get(language) or wording.get(ANY, {}).get(language)):
                yield Finding(place, "missing-wording", {"channel": channel, "language": language})
    for texts in wording.values():
        for text in texts.values():
            for pipe in sorted(pipes_in(text) - set(PIPES)):
                yield Finding(place, "unknown-pipe", {"pipe": pipe})


def _lint_scales(questionnaire: Questionnaire) -> Iterator[Finding]:
    scales = {question.scale.code: question.scale for question in questionnaire.questions.values() if question.options}
    directions = {code: _direction(scale) for code, scale in scales.items()}
    for code, direction in directions.items():
        if direction == "mixed":
            yield Finding(code, "scale-not-ordered")
        elif direction == "rising":
            # Options stand best to worst everywhere: one key must never mean "best" here and "worst" there.
            yield Finding(code, "scale-direction-mixed")


def _direction(scale: Scale) -> str:
    points = [option.points for option in scale.rated]
    steps = [later - earlier for earlier, later in zip(points, points[1:], strict=False)]
    if all(step <= 0 for step in steps):
        return "falling"
    return "rising" if all(step >= 0 for step in steps) else "mixed"


def _lint_keys(questionnaire: Questionnaire) -> Iterator[Finding]:
    names = ("repeat_key", "back_key", *MESSAGES_BY_KEY)
    taken: dict[str, str] = {}
    for name in names:
        key = getattr(questionnaire, name)
        if key and key in taken:
            yield Finding(name, "key-used-twice", {"key": key})
        taken.setdefault(key, name)
        for message in MESSAGES_BY_KEY.get(name, ()) if key else ():
            if message not in questionnaire.messages:
                yield Finding(name, "message-missing", {"message": message})
    for question in questionnaire.questions.values():
        if question.takes_keys and "voice" in question.channels:
            for name in (
                name for name in names if getattr(questionnaire, name) == FINISH_KEY and name != "language_key"
            ):
                yield Finding(name, "finish-key", {"question": question.code})
    for question in (questionnaire.consent, *questionnaire.questions.values()):
        # A language is chosen at consent only; afterwards its key may stand for an answer.
        reserved = {"*", "#", *(key for key, name in taken.items() if name != "language_key")}
        if question is questionnaire.consent:
            reserved.add(questionnaire.language_key)
        keys = [option.phone_key for option in question.options]
        for key in sorted({key for key in keys if key in reserved or keys.count(key) > 1}):
            yield Finding(question.code, "key-used-twice", {"key": key})


def _lint_outcome(questionnaire: Questionnaire) -> Iterator[Finding]:
    screener = questionnaire.questions.get(questionnaire.screener)
    if screener is None or questionnaire.screener not in questionnaire.order:
        yield Finding("screener", "unknown-question", {"question": questionnaire.screener})
    else:
        known = {option.value for option in screener.options}
        for value in questionnaire.eligible_values:
            if value not in known:
                yield Finding("eligible_values", "unknown-value", {"question": screener.code, "value": value})
    if questionnaire.complete_at_least > len(questionnaire.scored):
        yield Finding("complete_at_least", "more-than-indicators", {"most": len(questionnaire.scored)})
    if questionnaire.partial_at_least > questionnaire.complete_at_least:
        yield Finding("partial_at_least", "partial-above-complete")


def _lint_blocks(questionnaire: Questionnaire) -> Iterator[Finding]:
    order, taken = questionnaire.order, set()
    for number, block in enumerate(questionnaire.blocks, 1):
        place = f"blocks[{number}]"
        unknown = [code for code in block.questions if code not in order]
        for code in unknown:
            yield Finding(place, "unknown-question", {"question": code})
        if unknown:
            continue
        for code in sorted(taken.intersection(block.questions)):
            yield Finding(place, "in-two-blocks", {"question": code})
        taken.update(block.questions)
        places = sorted(order.index(code) for code in block.questions)
        if places != list(range(places[0], places[0] + len(places))):
            yield Finding(place, "block-not-together", {})
        rows = [questionnaire.question(code) for code in block.questions]
        alike = {
            (question.takes_one, question.scale.code if question.options else "", question.channels)
            for question in rows
        }
        if block.is_matrix and (len(alike) != 1 or not rows[0].takes_one):
            yield Finding(place, "matrix-of-one-scale", {})
        for rule in questionnaire.rules:
            inside = {rule.after, rule.goto} & set(block.questions)
            if inside:
                yield Finding(place, "rule-into-block", {"question": min(inside)})


def _lint_lengths(questionnaire: Questionnaire) -> Iterator[Finding]:
    for channel, most in questionnaire.longest_minutes.items():
        minutes = max(questionnaire.minutes(channel, language) for language in LANGUAGES)
        if minutes > most:
            yield Finding(
                f"longest_minutes.{channel}", "takes-too-long", {"minutes": f"{minutes:.1f}", "most": f"{most:g}"}
            )
