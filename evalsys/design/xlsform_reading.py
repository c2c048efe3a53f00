"""An XLSForm read as the questionnaire of a programme; everything that is wrong with it is said by sheet and row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from evalsys.design.programme_checks import INSTRUMENT_FILES, check_programme
from evalsys.design.programme_files import ProgrammeFiles, ProgrammeProblems
from evalsys.design.programme_layout import CSV_FILES, QUESTION, QUESTIONNAIRE, RULE
from evalsys.design.programme_problems import FileProblem
from evalsys.design.programme_schema import WORDING, Fields
from evalsys.design.xlsform_cells import (
    Row,
    column_of,
    is_json,
    kind_of,
    place_of,
    read_json,
    recording_of,
    scale_of,
)
from evalsys.design.xlsform_conditions import NoCondition, read_condition, write_condition
from evalsys.design.xlsform_relevance import relevant_by_question, rules_from_relevant
from evalsys.design.xlsform_sheets import CONSTRAINTS, GROUP, LABELS, read_label
from evalsys.units.spreadsheets import N_, ImportProblem, read_sheets
from surveys.instrument import CONSENT, LANGUAGES

MOST_COLUMNS, MOST_ROWS = 200, 5_000
#: sheet → columns without which it cannot be read
NEEDED = {
    "survey": ("type", "name", *LABELS.values()),
    "choices": ("list_name", "name", *LABELS.values()),
    "wordings": ("place", "channel", "zh", "en"),
    "routing": ("after", "goto", "when"),
    "questionnaire": ("key", "value"),
}
OPTIONAL_SHEETS = ("wordings", "routing", "questionnaire")
CONSENT_FIELDS: Fields = QUESTIONNAIRE.fields["consent"]
#: parts of a constraint → the setting of the question that they say
_CONSTRAINTS = {
    name: re.compile(re.escape(how).replace(r"\{\}", r"([\d.-]+)").replace(r"\ ", r"\s*"))
    for name, how in CONSTRAINTS.items()
}
_TYPE = re.compile(r"(select_one|select one|select_multiple|select multiple)\s+\S+|text|integer|decimal|date")
_DAYS = ("not_before", "not_after")
_GROUPS = ("begin_group", "begin group", "end_group", "end group")


def read_xlsform(stream: BinaryIO, base: ProgrammeFiles) -> ProgrammeFiles:
    """``base`` with the questionnaire, indicators and scales of a workbook.

    What the workbook does not have, since another program made it, stays as in ``base`` where the code is the same. Raises
    ``ProgrammeProblems`` with every problem (``file`` is the sheet, ``line`` its row), ``ImportProblem`` for what is no workbook.
    """
    if stream.read(4) != b"PK\x03\x04":
        raise ImportProblem(N_("This is no .xlsx file; save the form as .xlsx."))
    reader = _FormReader(base.configuration, read_sheets(stream, MOST_COLUMNS, MOST_ROWS))
    parts = reader.read()
    if parts is not None:
        made = replace(base, configuration={**base.configuration, **parts})
        found = check_programme(made.configuration, made.areas, made.units, made.stations)
        reader.problems += [reader.located(problem) for problem in found if problem.file in INSTRUMENT_FILES]
        if not reader.problems:
            return made
    raise ProgrammeProblems(
        N_("The form has %(count)s problems; nothing was taken in."), reader.problems, count=len(reader.problems)
    )


@dataclass
class _Asked:
    """A row of the survey that asks something: where it stands, what it says, under which conditions of its groups."""

    number: int
    row: Row
    relevant: list[str]

    @property
    def code(self) -> str:
        return self.row["name"]


@dataclass
class _FormReader:
    """Reads one workbook; remembers problems, and in which row each part stood."""

    base: Mapping[str, Any]
    sheets: Mapping[str, list[tuple[int, list[str]]]]
    problems: list[FileProblem] = field(default_factory=list)
    lines: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def complain(
        self, sheet: str, line: int | None, column: str, value: object, problem: str, **params: object
    ) -> None:
        self.problems.append(FileProblem(sheet, line, column, str(value or "")[:80], problem, params))

    def read(self) -> dict[str, Any] | None:
        """The three parts of the configuration; ``None`` where they cannot be made."""
        tables = {name: self._table(name) for name in NEEDED}
        if self.problems:
            return None
        scales = self._scales(tables["choices"])
        asked = self._asked(tables["survey"])
        wordings = self._wordings(tables["wordings"])
        settings = self._settings(tables["questionnaire"])
        order = [one.code for one in asked if one.code != CONSENT]
        routing = self._routing(tables["routing"], [one for one in asked if one.code != CONSENT])
        indicators, questions, consent = self._questions(asked, wordings)
        questionnaire = {"order": order, **settings, "consent": consent, "questions": questions, "routing": routing}
        messages = {place.removeprefix("messages."): texts for place, texts in wordings.items() if "." in place}
        questionnaire["messages"] = messages or self.base["questionnaire"]["messages"]
        if self.problems:
            return None
        questionnaire["consent"] = CONSENT_FIELDS.dump(consent)
        questionnaire["questions"] = [QUESTION.dump(question) for question in questions]
        parsed = QUESTIONNAIRE.parse(questionnaire, "", self._report_key)
        if self.problems:
            return None
        return {"indicators": indicators, "scales": scales, "questionnaire": parsed}

    # What a sheet has

    def _table(self, name: str) -> list[tuple[int, dict[str, str]]] | None:
        """The rows of a sheet by column; ``None`` where a sheet that may be missing is."""
        found = self.sheets.get(name)
        if not found:
            return None if name in OPTIONAL_SHEETS else self.complain(name, None, "", "", "missing-sheet")
        (header_line, header), *rows = found
        columns = [column_of(cell.strip()) if name in ("survey", "choices") else cell.strip() for cell in header]
        missing = [column for column in NEEDED[name] if column not in columns]
        for column in missing:
            self.complain(name, header_line, column, "", "missing-column")
        for column in {column for column in columns if column and columns.count(column) > 1}:
            self.complain(name, header_line, column, "", "duplicate")
        empty = {column: "" for column in columns if column}
        return [
            (line, empty | {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if column})
            for line, cells in rows
        ]

    def _scales(self, rows: list[tuple[int, dict[str, str]]]) -> list[dict[str, Any]]:
        known = {
            (scale["code"], option["value"]): option for scale in self.base["scales"] for option in scale["options"]
        }
        fields = CSV_FILES["scales.csv"]
        scales: dict[str, list] = {}
        for place, (line, row) in enumerate(rows):
            self.lines["scales.csv", str(place)] = ("choices", line)
            before = known.get((row["list_name"], row["name"]), {})
            label = {language: read_label(row[column]) for language, column in LABELS.items()}
            values = {"scale": row["list_name"], "value": row["name"], "label": label}
            for name in ("kind", "points", "satisfied", "phone_key"):
                values[name] = row[name] if name in row else before.get(name, "")
            option = fields.parse(values, "", self._report("choices", line, {"scale": "list_name", "value": "name"}))
            scales.setdefault(row["list_name"], []).append(
                {name: value for name, value in option.items() if name != "scale"}
            )
        return [{"code": code, "options": options} for code, options in scales.items()]

    def _asked(self, rows: list[tuple[int, dict[str, str]]]) -> list[_Asked]:
        """The questions, with the conditions of the groups around them; what is no question of ours is complained of."""
        around: list[str] = []
        asked = []
        for line, row in rows:
            kind, name = row["type"].lower(), row["name"]
            if kind in _GROUPS:
                if kind.startswith("begin"):
                    around.append("" if name == GROUP else row.get("relevant", ""))
                elif around:
                    around.pop()
                else:
                    self.complain("survey", line, "type", row["type"], "group-ends")
            elif kind == "calculate":
                continue  # what is piped in comes from the programme
            elif not _TYPE.fullmatch(kind):
                self.complain("survey", line, "type", row["type"], "unknown-type")
            else:
                asked.append(_Asked(line, row, [*filter(None, [*around, row.get("relevant", "")])]))
                self.lines["survey", name] = ("survey", line)
        codes = [one.code for one in asked]
        for one in asked:
            if codes.index(one.code) != asked.index(one):
                self.complain("survey", one.number, "name", one.code, "duplicate")
        if CONSENT not in codes:
            self.complain("survey", None, "name", CONSENT, "consent-missing")
        return asked

    def _wordings(self, rows: list[tuple[int, dict[str, str]]] | None) -> dict[str, dict[str, Any]]:
        """Texts by place and channel; without such a sheet those that the programme has."""
        if rows is None:
            part = self.base["questionnaire"]
            own = {
                question["code"]: {channel: texts for channel, texts in question["wording"].items() if channel != "any"}
                for question in ({"code": CONSENT, **part["consent"]}, *part["questions"])
            }
            return own | {f"messages.{code}": texts for code, texts in part["messages"].items()}
        wordings: dict[str, dict[str, Any]] = {}
        for line, row in rows:
            texts = {language: row[language] for language in LANGUAGES}
            wording = WORDING.parse({row["channel"]: texts}, "", self._report("wordings", line, {}))
            wordings.setdefault(row["place"], {}).update(wording or {})
            self.lines.setdefault(("wordings", row["place"]), ("wordings", line))
            if not row["place"].startswith("messages.") and ("survey", row["place"]) not in self.lines:
                self.complain("wordings", line, "place", row["place"], "unknown-reference", target="survey")
        return wordings

    def _settings(self, rows: list[tuple[int, dict[str, str]]] | None) -> dict[str, Any]:
        """The keys of the questionnaire; without such a sheet those that the programme has."""
        placed = ("order", "consent", "questions", "routing", "messages")
        known = {
            key: value for key, value in QUESTIONNAIRE.dump(self.base["questionnaire"]).items() if key not in placed
        }
        if rows is None:
            return known
        settings: dict[str, Any] = {}
        for line, row in rows:
            key, value = row["key"], row["value"]
            self.lines["questionnaire", key] = ("questionnaire", line)
            if key not in QUESTIONNAIRE.fields or key in placed:
                self.complain("questionnaire", line, "key", key, "unknown-key")
                continue
            settings[key] = read_json(value) if value[:1] in ("[", "{") or is_json(value, key) else value
        return settings

    def _routing(self, rows: list[tuple[int, dict[str, str]]] | None, asked: list[_Asked]) -> list[dict[str, Any]]:
        """The rules as the sheet ``routing`` says them, which must agree with ``relevant``; without it, as ``relevant`` says them."""
        stated = [self._stated(one) for one in asked]
        if rows is None:
            for one, condition in zip(asked[:1], stated, strict=False):
                if condition is not None:
                    self.complain("survey", one.number, "relevant", one.row["relevant"], "first-conditional")
            rules = rules_from_relevant([one.code for one in asked], stated)
            for number, rule in enumerate(rules, 1):
                line = self.lines.get(("survey", rule["goto"]), ("survey", None))
                self.lines["routing", str(number)] = line
            return rules
        rules = []
        for number, (line, row) in enumerate(rows, 1):
            self.lines["routing", str(number)] = ("routing", line)
            try:
                when = read_condition(row["when"])
            except NoCondition as error:
                self.complain("routing", line, "when", error, "unknown-expression")
                continue
            rule = RULE.parse({**row, "when": when}, "", self._report("routing", line, {}))
            rules.append(rule)
        if self.problems:
            return []
        derived = relevant_by_question([one.code for one in asked], rules)
        several = {one.code for one in asked if one.row["type"].startswith("select_multiple")}
        for one, condition in zip(asked, stated, strict=True):
            if condition != self._as_written(derived[one.code], several):
                self.complain("survey", one.number, "relevant", one.row.get("relevant", ""), "relevant-differs")
        return rules

    @staticmethod
    def _as_written(condition: Mapping | None, several: set[str]) -> dict[str, Any] | None:
        """A condition as it comes back from a form, where looking at several answers is spelt out."""
        return None if condition is None else read_condition(write_condition(condition, several))

    def _stated(self, one: _Asked) -> dict[str, Any] | None:
        conditions = []
        for text in one.relevant:
            try:
                conditions.append(read_condition(text))
            except NoCondition as error:
                self.complain("survey", one.number, "relevant", error, "unknown-expression")
        return None if not conditions else conditions[0] if len(conditions) == 1 else {"all": conditions}

    # What a row of the survey says

    def _questions(self, asked: Iterable[_Asked], wordings: Mapping[str, Mapping]) -> tuple[list, list, dict | None]:
        """Indicators and questions each in the order of their own list, and the consent."""
        before = {row["code"]: row for row in self.base["indicators"]}
        own_before = {row["code"]: row for row in self.base["questionnaire"]["questions"]}
        indicators, questions, consent = [], [], None
        for at, one in enumerate(asked):
            report = self._report("survey", one.number, {"code": "name", "scale": "type", "wording": "label"})
            label = {language: read_label(one.row[column]) for language, column in LABELS.items()}
            more = dict(wordings.get(one.code, {}))
            known = before.get(one.code, {})
            role = one.row.get("role") or ("indicator" if known else own_before.get(one.code, {}).get("role", ""))
            if one.code == CONSENT:
                stated = {"scale": scale_of(one.row), "wording": {one.row.get("label_channel") or "any": label, **more}}
                consent = CONSENT_FIELDS.parse(stated | recording_of(one.row), "consent", report)
            elif role == "indicator":
                indicators.append(
                    (place_of(one.row, "indicator_place", at), one, self._indicator(one, known, label, report))
                )
                if one.row.get("question_place") or (more and "question_place" not in one.row):
                    own = {"code": one.code, "kind": "scale", "role": role, "scale": "", "wording": more}
                    placed = own | {
                        key: own_before[one.code][key] for key in ("kind", "scale") if one.code in own_before
                    }
                    question = self._question(one, placed, report)
                    questions.append((place_of(one.row, "question_place", at), one, question))
            else:
                kind = one.row.get("kind") or own_before.get(one.code, {}).get("kind") or kind_of(one.row)
                wording = {one.row.get("label_channel") or "any": label, **more}
                own = {"code": one.code, "kind": kind, "role": role, "scale": scale_of(one.row), "wording": wording}
                questions.append((place_of(one.row, "question_place", at), one, self._question(one, own, report)))
        for name, rows in (("indicators.csv", indicators), ("questions", questions)):
            rows.sort(key=lambda row: row[0])
            for number, (_, one, _) in enumerate(rows):
                self.lines[name, str(number)] = ("survey", one.number)
        return [row for *_, row in indicators], [row for *_, row in questions], consent

    def _indicator(self, one: _Asked, known: Mapping, label: Mapping, report: Callable) -> dict | None:
        row = one.row
        name = known.get("name", {})
        values = {
            "code": one.code,
            "role": row.get("indicator_role") or known.get("role", ""),
            "weight": row.get("weight") or known.get("weight", ""),
            "scale": scale_of(row),
            "name": {language: row.get(f"name_{language}") or name.get(language, "") for language in LANGUAGES},
            "wording": label,
        }
        return CSV_FILES["indicators.csv"].parse(values, "", report)

    def _question(self, one: _Asked, values: dict, report: Callable) -> dict | None:
        """A question with its settings, some of which stand in its constraint."""
        settings = read_json(one.row.get("settings", "") or "{}")
        if not isinstance(settings, dict):
            self.complain("survey", one.number, "settings", one.row["settings"], "not-a-table")
            return None
        for part in filter(None, re.split(r"\s+and\s+", one.row.get("constraint", ""))):
            found = [(name, how.fullmatch(part.strip())) for name, how in _CONSTRAINTS.items()]
            said = {name: match[1] for name, match in found if match}
            if not said:
                self.complain("survey", one.number, "constraint", part, "unknown-expression")
            settings |= {name: read_json(text) if name not in _DAYS else text for name, text in said.items()}
        if one.row["type"] == "decimal":
            settings.setdefault("decimals", 2)
        channels = {"channels": one.row["channels"].split()} if one.row.get("channels") else {}
        return QUESTION.parse({**settings, **values, **channels, **recording_of(one.row)}, "", report)

    # Where it stood

    def _report(self, sheet: str, line: int, names: Mapping[str, str]) -> Callable[..., None]:
        def report(column: str, value: object, problem: str, **params: object) -> None:
            head, _, rest = column.partition(".")
            language = LABELS.get(column[-2:]) if head in ("label", "wording") else None
            self.complain(
                sheet, line, language or names.get(head, head + (f"_{rest}" if rest else "")), value, problem, **params
            )

        return report

    def _report_key(self, column: str, value: object, problem: str, **params: object) -> None:
        place = self.located(FileProblem("questionnaire.toml", None, column, "", problem, params))
        self.complain(place.file, place.line, place.column, value, problem, **params)

    def located(self, problem: FileProblem) -> FileProblem:
        """A problem of the programme's files where it stands in the workbook."""
        if problem.file in ("indicators.csv", "scales.csv"):
            sheet, line = self.lines.get((problem.file, str(problem.row)), (problem.file, None))
            return replace(problem, file=sheet, line=line)
        head, _, rest = problem.column.partition(".")
        found = re.fullmatch(r"(questions|routing|order)\[(\d+)\]", head)
        if found:
            number = int(found[2]) if found[1] == "routing" else int(found[2]) - 1
            sheet, line = self.lines.get((found[1], str(number)), ("survey", None))
        elif head == "consent":
            sheet, line = self.lines.get(("survey", CONSENT), ("survey", None))
        elif head == "messages":
            sheet, line = self.lines.get(("wordings", f"messages.{rest.partition('.')[0]}"), ("wordings", None))
        else:
            sheet, line = self.lines.get(("questionnaire", head), ("questionnaire", None))
        return replace(problem, file=sheet, line=line)
