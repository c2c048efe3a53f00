"""A call centre's file of results, read line by line: what each line says, and everything that is wrong with it.

Nothing is stored here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from evalsys.base.errors import BadLines
from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.fieldwork.models import Attempt
from evalsys.fieldwork.rules import FieldRules, rules_of
from evalsys.fieldwork.worklists import SID, key_of
from evalsys.units.import_rows import RowProblem, Table
from evalsys.units.spreadsheets import N_
from surveys.errors import InstrumentError
from surveys.fieldwork import OUTCOMES
from surveys.instrument import JOINED_BY, Question, Questionnaire

#: what a column may be called → what it is; besides them one column per question, called by the question's code
COLUMNS = {
    "code": ("编号", "code"),
    "outcome": ("结果", "outcome"),
    "when": ("拨打时间", "when"),
    "seconds": ("通话秒数", "seconds"),
    "interviewer": ("访问员编号", "interviewer"),
    "opt_out": ("不再联系", "opt_out"),
}
OPTIONAL = ("opt_out",)
CHANNEL = "voice"
#: label of the key under which lines and files are known again
RESULTS = "call results"
ANSWERED = ("1.1", "1.2")
NOT_ELIGIBLE = "4.10"
#: outcomes of a call in which some questions may have been answered
MAY_ANSWER = (*ANSWERED, "2.10", "2.12", NOT_ELIGIBLE)
SENTENCES = {
    "missing": N_("is missing"),
    "unknown-code": N_("is not a code of a work list"),
    "foreign-code": N_("is a code of another round, %(round)s"),
    "repeated-code": N_("is the code of an earlier line too, which says something else"),
    "reported-code": N_("has a result already, which says something else and was not changed"),
    "unknown-outcome-word": N_("is neither a word of the call centre's outcomes in the programme nor an AAPOR code"),
    "bad-time": N_("is not a time; write it as YYYY-MM-DD HH:MM"),
    "before-list": N_("is before the work list was made"),
    "in-future": N_("is in the future"),
    "bad-seconds": N_("is not a whole number of seconds"),
    "long-interviewer": N_("is longer than 20 characters; write a code, no name"),
    "not-yes-no": N_("must be 是 / yes, 否 / no, or empty"),
    "unknown-answer": N_("is none of %(known)s"),
    "bad-answer": N_("is no answer to this question"),
    "not-asked": N_("answers a question that is not asked after the answers before it"),
    "not-answered": N_("is missing, though a later question is answered"),
    "no-answers": N_("stands beside outcome %(outcome)s, which has no answers"),
    "outcome-differs": N_("does not fit the answers, which make %(reached)s"),
    "outcome-unfounded": N_("does not fit the answers, which make no interview yet"),
}
YES_NO: Mapping[str, bool] = {"是": True, "yes": True, "1": True, "否": False, "no": False, "0": False, "": False}
_TIME = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?")
_ONCE = 500


@dataclass(frozen=True)
class ResultLine:
    """What a line says of one attempt. ``answers`` in the order in which they were asked."""

    line: int
    key: str
    case_id: int
    outcome: str
    at: datetime
    seconds: int | None
    interviewer: str
    opt_out: bool
    answers: Mapping[str, str]
    digest: str


@dataclass
class ResultLines:
    """A file read: good lines, how many repeat what is known already, all problems, and the numbers of the lines that have one."""

    lines: int = 0
    good: list[ResultLine] = field(default_factory=list)
    repeated: int = 0
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many lines have a problem."""
        return len({problem.line for problem in self.problems})


def read_result_lines(session: Session, runtime: Runtime, round_: Round, table: Table, name: str) -> ResultLines:
    """Read and check every line. Raises ``BadLines`` where a column is missing."""
    rules = rules_of(round_.configuration)
    columns = _find_columns(table, rules.questionnaire, name)
    rows = list(table.rows)
    read = ResultLines(lines=len(rows), problems=list(table.problems))
    broken = {problem.line for problem in table.problems}
    seen: dict[str, str] = {}
    for start in range(0, len(rows), _ONCE):
        chunk = [(line, row) for line, row in rows[start : start + _ONCE] if line not in broken]
        attempts = _find_attempts(session, {key_of(row[columns["code"]]) for _, row in chunk})
        for line, row in chunk:
            reader = _LineReader(runtime, round_, rules, columns, line, row)
            found = reader.read(attempts.get(key_of(row[columns["code"]])))
            if found is None:
                read.problems += reader.problems
                continue
            attempt = attempts[found.key]
            if attempt.state == "ended" and not _says_the_same(attempt, found):
                read.problems.append(reader.problem("code", "reported-code"))
            elif seen.get(found.key, found.digest) != found.digest:
                read.problems.append(reader.problem("code", "repeated-code"))
            elif attempt.state == "ended" or found.key in seen:
                read.repeated += 1
            else:
                seen[found.key] = found.digest
                read.good.append(found)
    read.problems.sort(key=lambda problem: problem.line or 0)
    return read


def read_time(text: str, zone: tzinfo) -> datetime | None:
    """A local time as people and spreadsheets write it, to the second at most; ``None`` for what is none."""
    found = _TIME.fullmatch(text)
    try:
        return datetime(*(int(part or 0) for part in found.groups()), tzinfo=zone) if found else None
    except ValueError:
        return None


def read_outcome(outcome_by_word: Mapping[str, str], text: str) -> str | None:
    """The AAPOR code of a word of the call centre, or of the code itself, also where a spreadsheet made 2.1 of 2.10."""
    words = {word.casefold(): outcome for word, outcome in outcome_by_word.items()}
    for known in (words.get(text.casefold(), ""), text, f"{text}0"):
        if known in OUTCOMES and known != "4.80":
            return known
    return None


def _find_columns(table: Table, questionnaire: Questionnaire, name: str) -> dict[str, str]:
    """What each column is → its name in the file; questions by their codes, those only that are asked by telephone."""
    header = {column.lower(): column for column in reversed(table.header)}
    columns = {kind: next((header[known] for known in names if known in header), "") for kind, names in COLUMNS.items()}
    columns |= {code: header.get(code.lower(), "") for code in questionnaire.asked_by(CHANNEL)}
    missing = [COLUMNS.get(kind, (kind,))[0] for kind, column in columns.items() if not column and kind not in OPTIONAL]
    if missing:
        raise BadLines("The file %(file)s lacks the columns %(names)s.", [], file=name, names=", ".join(missing))
    return columns


def _find_attempts(session: Session, keys: set[str]) -> dict[str, Row]:
    """The attempts of those keys that are on a work list, with their round."""
    rows = session.execute(
        select(
            Attempt.key,
            Attempt.case_id,
            Attempt.state,
            Attempt.outcome,
            Attempt.line_digest,
            Attempt.planned_at,
            Attempt.round_id,
            Round.code.label("round_code"),
        )
        .join(Round, Round.id == Attempt.round_id)
        .where(Attempt.key.in_(keys), Attempt.provider_sid.startswith(SID))
    )
    return {row.key: row for row in rows}


def _says_the_same(attempt: Row, line: ResultLine) -> bool:
    """Whether a line repeats the result that an attempt has; where its digest was forgotten, the outcome decides."""
    return attempt.line_digest == line.digest if attempt.line_digest else attempt.outcome == line.outcome


class _LineReader:
    """One line being read: every problem is collected before it is given up."""

    def __init__(
        self, runtime: Runtime, round_: Round, rules: FieldRules, columns: Mapping[str, str], line: int, row: Mapping
    ) -> None:
        self.runtime, self.round, self.rules = runtime, round_, rules
        self.columns, self.line = columns, line
        self.cells = {kind: row[column] if column else "" for kind, column in columns.items()}
        self.problems: list[RowProblem] = []

    def problem(self, kind: str, key: str, **params: object) -> RowProblem:
        """A problem of a column, with what stands in it; an answer is not repeated, only what is none."""
        value = self.cells[kind][:80] if kind in COLUMNS or key == "unknown-answer" else ""
        return RowProblem(self.line, self.columns[kind], value, key, params)

    def _complain(self, kind: str, key: str, **params: object) -> None:
        self.problems.append(self.problem(kind, key, **params))

    def read(self, attempt: Row | None) -> ResultLine | None:
        """What the line says; ``None`` where it has problems."""
        self._check_code(attempt)
        outcome = self._read_outcome()
        at = self._read_at(attempt)
        seconds = self._read_seconds()
        if len(self.cells["interviewer"]) > 20:
            self._complain("interviewer", "long-interviewer")
        opt_out = YES_NO.get(self.cells["opt_out"].lower())
        if opt_out is None:
            self._complain("opt_out", "not-yes-no")
        answers = self._read_answers()
        if answers is not None and outcome:
            self._check_outcome(outcome, answers)
        if self.problems:
            return None
        said = [outcome, at.isoformat(), seconds, self.cells["interviewer"], opt_out, answers]
        digest = self.runtime.keyring.blind_index(RESULTS, json.dumps([attempt.key, *said], ensure_ascii=False))
        return ResultLine(
            self.line,
            attempt.key,
            attempt.case_id,
            outcome,
            at,
            seconds,
            self.cells["interviewer"],
            opt_out,
            answers,
            digest,
        )

    def _check_code(self, attempt: Row | None) -> None:
        if not self.cells["code"]:
            self._complain("code", "missing")
        elif attempt is None:
            self._complain("code", "unknown-code")
        elif attempt.round_id != self.round.id:
            self._complain("code", "foreign-code", round=attempt.round_code)

    def _read_outcome(self) -> str | None:
        text = self.cells["outcome"]
        outcome = read_outcome(self.rules.outcome_by_word, text) if text else None
        if outcome is None:
            self._complain("outcome", "unknown-outcome-word" if text else "missing")
        return outcome

    def _read_at(self, attempt: Row | None) -> datetime | None:
        text = self.cells["when"]
        at = read_time(text, self.rules.hours.zone)
        if at is None:
            self._complain("when", "bad-time" if text else "missing")
        elif at > self.runtime.clock.now():
            self._complain("when", "in-future")
        elif attempt is not None and at < attempt.planned_at.replace(second=0, microsecond=0):
            self._complain("when", "before-list")
        return at

    def _read_seconds(self) -> int | None:
        text = self.cells["seconds"]
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 5):
            return self._complain("seconds", "bad-seconds")
        return int(text)

    def _read_answers(self) -> dict[str, str] | None:
        """The answers on the path that they make; ``None`` where one of them has a problem."""
        before = len(self.problems)
        questionnaire = self.rules.questionnaire
        given = {code: text for code, text in self.cells.items() if code not in COLUMNS and text}
        answers: dict[str, str] = {}
        for code, text in given.items():
            value = _read_answer(questionnaire.question(code), text)
            if value is None:
                known = ", ".join(option.value for option in questionnaire.question(code).options)
                self._complain(code, "unknown-answer" if known else "bad-answer", known=known)
            else:
                answers[code] = value
        if len(self.problems) > before:
            return None
        path = questionnaire.path(answers, CHANNEL)
        for code in answers:
            if code not in path:
                self._complain(code, "not-asked")
        last = max((path.index(code) for code in answers if code in path), default=-1)
        for code in path[: last + 1]:
            if code not in answers:
                self._complain(code, "not-answered")
        return answers if len(self.problems) == before else None

    def _check_outcome(self, outcome: str, answers: Mapping[str, str]) -> None:
        if not answers:
            if outcome in ANSWERED:
                self._complain("outcome", "outcome-unfounded")
            return
        if outcome not in MAY_ANSWER:
            return self._complain(next(iter(answers)), "no-answers", outcome=outcome)
        reached = self.rules.questionnaire.outcome(answers)
        done = self.rules.questionnaire.next_question(answers, CHANNEL) is None
        if outcome in (*ANSWERED, NOT_ELIGIBLE) or done:
            if reached is None:
                self._complain("outcome", "outcome-unfounded")
            elif reached != outcome:
                self._complain("outcome", "outcome-differs", reached=reached)


def _read_answer(question: Question, text: str) -> str | None:
    """The value of an answer, which may be written as the value or in the words of its option; ``None`` for what is neither.

    Several options of a multiple choice are joined by semicolons; ``-`` says that a number or date is not known.
    """
    words = {label: option.value for option in question.options for label in option.label.values()}
    value = words.get(text, text)
    if question.options and not question.takes_one:
        parts = text.replace("；", JOINED_BY).split(JOINED_BY)
        value = JOINED_BY.join(words.get(part.strip(), part) for part in parts)
    try:
        return question.validate(value)
    except InstrumentError:
        return None
