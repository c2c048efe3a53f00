"""What can be wrong in a programme's files, as keys with sentences that are translated where they are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from evalsys.units.import_rows import ROW_SENTENCES, RowProblem
from evalsys.units.spreadsheets import N_
from surveys.errors import SurveyError

FILE_SENTENCES = {
    **ROW_SENTENCES,
    "missing-file": N_("The file is missing."),
    "not-utf-8": N_("The file is not UTF-8 text."),
    "not-toml": N_("The file is not valid TOML: %(reason)s"),
    "unreadable": N_("The file cannot be read: %(reason)s"),
    "missing": N_("A value is missing."),
    "missing-column": N_("The column is missing from the header."),
    "unknown-column": N_("There is no such column here; remove it."),
    "unknown-key": N_("There is no such key here; see docs/configuration.md."),
    "not-text": N_("Write a text in quotation marks."),
    "too-long": N_("Write at most %(longest)s characters."),
    "not-a-code": N_("A code has only letters, digits, '_', '.' and '-'."),
    "not-a-number": N_("Write a number."),
    "not-a-whole-number": N_("Write a whole number."),
    "out-of-range": N_("Write a number from %(low)s to %(high)s."),
    "not-a-choice": N_("Write one of: %(choices)s."),
    "not-yes-or-no": N_("Write yes or no."),
    "not-a-day": N_("Write a day as YYYY-MM-DD."),
    "not-an-hour": N_("Write an hour as HH:MM."),
    "not-a-list": N_("Write a list."),
    "too-few": N_("Give at least %(least)s."),
    "not-a-table": N_("Write a table of keys and values."),
    "not-a-condition": N_("Write a condition: question with any_of or answered, or all, any, not."),
    "duplicate": N_("This stands here twice."),
    "no-rows": N_("The file has no rows."),
    "unknown-reference": N_("There is no such entry in %(target)s."),
    "unknown-county": N_("There is no county of this code in areas.csv."),
    "unknown-outcome": N_("This is no AAPOR outcome code; write one such as 1.1, 2.112 or 3.13."),
    "quota-outcome": N_("No released case can end as 4.80; quotas decide releases only."),
    "sum-not-one": N_("The weights sum to %(sum)s; make them sum to 1."),
    "auxiliary-weight": N_("An auxiliary indicator has weight 0."),
    "points-missing": N_("A rated option needs points."),
    "points-not-allowed": N_("Only a rated option has points."),
    "grades-not-falling": N_("Grades stand from the highest limit to the lowest."),
    "lowest-grade": N_("The lowest grade begins at 0."),
    "days-not-ordered": N_("The last day is before the first."),
    "hours-not-ordered": N_("The later hour is not after the earlier one."),
    "gates-not-ordered": N_("The gates must rise: nothing_below, internal_below, grade_from."),
    "unknown-time-zone": N_("There is no such time zone."),
    "two-rounds-of-kind": N_("A year has at most one round of each kind."),
    "no-unit-covered": N_("This round covers no unit."),
    "parent-loop": N_("The parents form a circle."),
    "preset-values": N_("A preset gives points to exactly the rated values of its scale: %(values)s."),
    "link-missing": N_("The text message must contain {link}."),
    "link-in-thanks": N_("The thanks have no {link}: there is nothing left to answer."),
    "stop-word-missing": N_("Say how to get no more messages, by one of the words %(words)s."),
    "message-too-long": N_("With the longest name put in this takes %(segments)s segments; use at most %(most)s."),
    "reminder-days": N_("Give at most two days, the later one after the earlier one."),
    "caller-not-e164": N_("Write a number as +, country code and digits."),
    "cost-missing": N_("A budget can only be kept where %(cost)s is given too."),
    "unknown-pipe": N_("There is nothing called %(pipe)s to put in here."),
    "instrument": N_("The questionnaire cannot be built: %(reason)s"),
    "asked-twice": N_("The order names this question twice."),
    "never-asked": N_("The order leaves this question out."),
    "unknown-question": N_("There is no question %(question)s in the order."),
    "unknown-value": N_("%(value)s is not an answer to %(question)s."),
    "goes-back": N_("A rule leads to a later question, not back to %(question)s."),
    "looks-ahead": N_("A rule cannot look at %(question)s, which is asked later."),
    "unreachable": N_("No answers lead to this question."),
    "too-many-ways": N_("The rules make more than %(most)s ways through the questionnaire; use fewer."),
    "missing-wording": N_("There is no wording for channel %(channel)s in language %(language)s."),
    "missing-label": N_("Option %(value)s has no label in language %(language)s."),
    "scale-not-ordered": N_("Points must fall from the first option to the last."),
    "scale-direction-mixed": N_("The options stand worst to best; put them best to worst as on every other scale."),
    "key-used-twice": N_("Key %(key)s has two meanings here."),
    "finish-key": N_("This key ends the answer to %(question)s on the telephone; choose another one."),
    "limits-not-ordered": N_(
        "No answer can keep these limits; put the lower one first, and ask for no more than there is."
    ),
    "message-missing": N_("This key needs the message %(message)s among the messages."),
    "recording-address": N_(
        "Write the address of a recording, which begins with https:// and in which only {unit_code} is put in."
    ),
    "recording-of-one-unit": N_("The wording names {unit}; the recording's address needs {unit_code}."),
    "interviewers-missing": N_("This key needs the number of the interviewers: interviewers in fieldwork.toml."),
    "calls-without-phone": N_("Interviewers can call only where mode_sequence has phone."),
    "more-than-indicators": N_("There are only %(most)s scored indicators."),
    "missing-sheet": N_("The workbook has no sheet of this name."),
    "unknown-type": N_(
        "There is no question of this type here; use select_one, text or the types that docs/configuration.md names."
    ),
    "unknown-expression": N_(
        "This is no expression that can be taken in; see docs/configuration.md for those that can."
    ),
    "first-conditional": N_("The first question is asked always; leave its relevant empty."),
    "relevant-differs": N_("This does not agree with the sheet routing; change the rule there, or remove that sheet."),
    "consent-missing": N_("The form needs a select_one question CONSENT, which asks whether to take part."),
    "group-ends": N_("A group ends here that did not begin."),
    "in-two-blocks": N_("Question %(question)s stands in two blocks."),
    "block-not-together": N_("The questions of a block must follow one another in the order."),
    "matrix-of-one-scale": N_(
        "A matrix has questions with one and the same scale and channels, each with one answer to choose."
    ),
    "rule-into-block": N_("No rule may begin or end at %(question)s, which stands in a block."),
    "takes-too-long": N_("The interview takes %(minutes)s minutes, more than %(most)s."),
    "asks-two-things": N_("This may join two things, which one answer cannot tell apart."),
    "partial-above-complete": N_("A partial interview cannot need more than a complete one."),
}


@dataclass(frozen=True)
class FileProblem:
    """One thing that is wrong: in which file, line and column (or TOML key), which value, and the key of its sentence."""

    file: str
    line: int | None
    column: str
    value: str
    problem: str
    params: Mapping[str, object] = field(default_factory=dict)
    row: int | None = None

    @classmethod
    def in_row(cls, file: str, problem: RowProblem) -> FileProblem:
        """A problem that reading a table found."""
        return cls(file, problem.line, problem.column, problem.value, problem.problem, problem.params)

    def at_line(self, line: int | None) -> FileProblem:
        """The same problem, with its line."""
        return replace(self, line=line)

    def sentence(self, translate: Callable[[str], str] = lambda text: text) -> str:
        """What is wrong and what to write instead, in the reader's language."""
        text = translate(FILE_SENTENCES.get(self.problem, self.problem))
        params = {
            name: value.sentence(translate) if isinstance(value, SurveyError) else value
            for name, value in self.params.items()
        }
        return text % params if params else text

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        what = " ".join(part for part in (self.column, repr(self.value) if self.value else "") if part)
        return ": ".join(part for part in (place, what, self.sentence()) if part)
