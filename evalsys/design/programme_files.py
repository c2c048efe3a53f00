"""A programme as a folder of files: read with all its problems at once, and written back byte for byte."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from evalsys.base.errors import BadLines
from evalsys.design.programme_checks import check_programme
from evalsys.design.programme_layout import CSV_FILES, FORMAT, TOML_FILES
from evalsys.design.programme_problems import FileProblem
from evalsys.design.programme_schema import BILINGUAL, Fields
from evalsys.design.toml_lines import find_key_line
from evalsys.units.import_rows import ImportProblem, read_table

__all__ = [
    "FileProblem",
    "ProgrammeFiles",
    "ProgrammeProblems",
    "configuration_sha256",
    "read_programme",
    "read_rows",
    "write_programme",
    "write_rows",
]

TOML_NOTES = {
    "programme.toml": "The programme and its rounds; docs/configuration.md explains every key.",
    "questionnaire.toml": "What is asked and in which order; the wording of indicators stands in indicators.csv.",
    "fieldwork.toml": "When, how often and by which channel people are asked.",
    "scoring.toml": "How answers become scores: weights, gates, presets for the sensitivity table.",
}


class ProgrammeProblems(BadLines):
    """The folder does not describe a programme; ``problems`` lists every ``FileProblem``."""


@dataclass(frozen=True)
class ProgrammeFiles:
    """What a programme's folder says: the configuration document, and the three lists kept beside it."""

    configuration: dict[str, Any]
    areas: list[dict[str, Any]]
    units: list[dict[str, Any]]
    stations: list[dict[str, Any]]


def configuration_sha256(configuration: Mapping[str, Any]) -> str:
    """SHA-256 over the document's canonical JSON (keys sorted, no spaces, UTF-8), in hex."""
    text = json.dumps(configuration, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_programme(folder: str | Path) -> ProgrammeFiles:
    """Read and check every file of ``folder``.

    Raises ``ProgrammeProblems`` with all problems of all files. What the files say together (references, sums of
    weights, the questionnaire) is checked once each of them can be read.
    """
    reader = _Reader(Path(folder))
    toml = {name: reader.read_toml(name, fields) for name, fields in TOML_FILES.items()}
    rows = {name: reader.read_csv(name, fields) for name, fields in CSV_FILES.items()}
    if reader.problems:
        raise _refusal(reader.problems)
    files = ProgrammeFiles(
        configuration=_configuration(toml, rows),
        areas=rows["areas.csv"],
        units=rows["units.csv"],
        stations=rows["stations.csv"],
    )
    problems = check_programme(files.configuration, files.areas, files.units, files.stations)
    if problems:
        raise _refusal([reader.located(problem) for problem in problems])
    return files


def _refusal(problems: list[FileProblem]) -> ProgrammeProblems:
    return ProgrammeProblems("The programme's files have %(count)s problems.", problems, count=len(problems))


def _configuration(toml: Mapping[str, dict], rows: Mapping[str, list[dict]]) -> dict[str, Any]:
    programme = dict(toml["programme.toml"])
    rounds = programme.pop("rounds")
    scales: dict[str, list] = {}
    for row in rows["scales.csv"]:
        scales.setdefault(row["scale"], []).append({key: value for key, value in row.items() if key != "scale"})
    return {
        "format": FORMAT,
        "programme": programme,
        "rounds": rounds,
        "indicators": rows["indicators.csv"],
        "scales": [{"code": name, "options": options} for name, options in scales.items()],
        "groups": rows["groups.csv"],
        "categories": rows["categories.csv"],
        "grades": rows["grades.csv"],
        "questionnaire": toml["questionnaire.toml"],
        "fieldwork": toml["fieldwork.toml"],
        "scoring": toml["scoring.toml"],
    }


@dataclass
class _Reader:
    """Reads one folder; remembers problems, and on which line each row and key stood."""

    folder: Path
    problems: list[FileProblem] = field(default_factory=list)
    row_lines: dict[str, list[int]] = field(default_factory=dict)
    toml_texts: dict[str, str] = field(default_factory=dict)

    def read_toml(self, name: str, fields: Fields) -> dict[str, Any] | None:
        """The file's canonical content; ``None`` where it cannot be read."""
        try:
            text = (self.folder / name).read_bytes().decode("utf-8-sig")
            content = tomllib.loads(text)
        except OSError:
            self.problems.append(FileProblem(name, None, "", "", "missing-file"))
        except UnicodeDecodeError:
            self.problems.append(FileProblem(name, None, "", "", "not-utf-8"))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self.problems.append(FileProblem(name, None, "", "", "not-toml", {"reason": str(error)}))
        else:
            self.toml_texts[name] = text
            return fields.parse(content, "", self._report(name, lambda column: find_key_line(text, column)))
        return None

    def read_csv(self, name: str, fields: Fields) -> list[dict[str, Any]]:
        """The file's rows in canonical form."""
        if not (self.folder / name).is_file():
            self.problems.append(FileProblem(name, None, "", "", "missing-file"))
            return []
        try:
            table = read_table(self.folder / name)
        except ImportProblem as error:
            self.problems.append(FileProblem(name, 1, "", "", "unreadable", {"reason": str(error)}))
            return []
        if not self._check_header(name, table.header, csv_columns(fields)):
            return []
        rows, lines = [], []
        for line, row in table.rows:
            rows.append(fields.parse(_unflatten(row, fields), "", self._report(name, lambda _, line=line: line)))
            lines.append(line)
        self.row_lines[name] = lines
        self.problems += [FileProblem.in_row(name, problem) for problem in table.problems]
        return rows

    def _check_header(self, name: str, header: Iterable[str], columns: list[str]) -> bool:
        missing = [column for column in columns if column not in header]
        unknown = [column for column in header if column not in columns]
        self.problems += [FileProblem(name, 1, column, "", "missing-column") for column in missing]
        self.problems += [FileProblem(name, 1, column, column, "unknown-column") for column in unknown]
        return not missing

    def _report(self, name: str, line_of: Callable[[str], int | None]) -> Callable[..., None]:
        def report(column: str, value: object, problem: str, **params: object) -> None:
            shown = column.replace(".", "_") if name.endswith(".csv") else column
            self.problems.append(FileProblem(name, line_of(column), shown, _shown(value), problem, params))

        return report

    def located(self, problem: FileProblem) -> FileProblem:
        """A problem found across files, which knows its row's index or its key, with its line."""
        if problem.file.endswith(".csv"):
            lines = self.row_lines.get(problem.file, [])
            line = lines[problem.row] if problem.row is not None and problem.row < len(lines) else None
        else:
            line = find_key_line(self.toml_texts.get(problem.file, ""), problem.column)
        return problem.at_line(line)


def _shown(value: object) -> str:
    return ("" if value is None else str(value))[:80]


def csv_columns(fields: Fields) -> list[str]:
    """The header of a file: a bilingual field takes two columns."""
    columns = []
    for name, kind in fields.fields.items():
        columns += [f"{name}_zh", f"{name}_en"] if kind is BILINGUAL else [name]
    return columns


def _unflatten(row: Mapping[str, str], fields: Fields) -> dict[str, Any]:
    return {
        name: {"zh": row[f"{name}_zh"], "en": row[f"{name}_en"]} if kind is BILINGUAL else row[name]
        for name, kind in fields.fields.items()
    }


def write_programme(
    folder: str | Path,
    configuration: Mapping[str, Any],
    areas: list[dict[str, Any]],
    units: list[dict[str, Any]],
    stations: list[dict[str, Any]],
) -> None:
    """Write the folder that ``read_programme`` reads back to the same document and rows; same input, same bytes."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    toml = {
        "programme.toml": {**configuration["programme"], "rounds": configuration["rounds"]},
        "questionnaire.toml": configuration["questionnaire"],
        "fieldwork.toml": configuration["fieldwork"],
        "scoring.toml": configuration["scoring"],
    }
    for name, content in toml.items():
        text = tomli_w.dumps(TOML_FILES[name].dump(content), multiline_strings=False)
        (folder / name).write_bytes(f"# {TOML_NOTES[name]}\n{text}".encode())
    rows = {
        "indicators.csv": configuration["indicators"],
        "scales.csv": [
            {"scale": scale["code"], **option} for scale in configuration["scales"] for option in scale["options"]
        ],
        "groups.csv": configuration["groups"],
        "categories.csv": configuration["categories"],
        "grades.csv": configuration["grades"],
        "areas.csv": areas,
        "units.csv": units,
        "stations.csv": stations,
    }
    for name, members in rows.items():
        write_rows(folder / name, members)


def read_rows(path: str | Path) -> list[dict[str, Any]]:
    """The rows of one CSV file of a programme (its name says which), for example a new ``units.csv``.

    Raises ``ProgrammeProblems`` for what is wrong inside the file; references to other files are not looked at.
    """
    path = Path(path)
    reader = _Reader(path.parent)
    rows = reader.read_csv(path.name, CSV_FILES[path.name])
    if reader.problems:
        raise _refusal(reader.problems)
    return rows


def write_rows(path: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one CSV file of a programme; same rows, same bytes."""
    path = Path(path)
    path.write_bytes(_csv_bytes(CSV_FILES[path.name], rows))


def _csv_bytes(fields: Fields, rows: Iterable[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(csv_columns(fields))
    for row in rows:
        written = fields.dump(row)
        writer.writerow(
            cell
            for name, kind in fields.fields.items()
            for cell in ((written[name]["zh"], written[name]["en"]) if kind is BILINGUAL else (written[name],))
        )
    return text.getvalue().encode()
