"""Analysts' files from an auditor's bundle: the answers as SPSS and CSV, and an R script that computes the scores from them again.

They are made on demand and stand in no bundle: SPSS files bear the time at which they were written.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evalsys.base.errors import Refused
from evalsys.results import publishing as names
from evalsys.results.container import open_bundle
from surveys.scoring import Scheme

SCRIPT = Path(__file__).with_name("main_table.R")
LANGUAGES = ("zh", "en")
STRATUM_COLUMNS = ("stratum", "unit", "group", "population", "complete", "eligible_rest", "ineligible", "unknown")


def write_analysis_files(path: Path) -> bytes:
    """A zip of the files for the auditor's bundle at ``path``.

    Raises ``BundleError`` where the bundle is not as it was signed, ``Refused`` where it is not an auditor's.
    """
    bundle = open_bundle(path)
    if bundle.kind != "auditor":
        raise Refused("The public bundle has no answers; the files for analysts are made from the auditor's.")
    configuration = json.loads(bundle.read(names.CONFIGURATION_MEMBER))
    answers = pq.read_table(io.BytesIO(bundle.read(names.ANSWERS_MEMBER)))
    scheme = Scheme.from_configuration(configuration)
    scored = [item["code"] for item in configuration["indicators"] if item["role"] == "scored"]
    strata = json.loads(bundle.read(names.STRATA_MEMBER))
    figures = json.loads(bundle.read(names.ALL_FIGURES_MEMBER))
    members = {
        "answers.parquet": bundle.read(names.ANSWERS_MEMBER),
        "answers.csv": _csv(
            answers.column_names, zip(*(column.to_pylist() for column in answers.columns), strict=True)
        ),
        "strata.csv": _csv(STRATUM_COLUMNS, ([row[name] for name in STRATUM_COLUMNS] for row in strata)),
        "points.csv": _csv(("indicator", "value", "points"), _points(scheme)),
        "weights.csv": _csv(("kind", "code", "weight"), _weights(configuration, scored)),
        "main_table.csv": _csv(
            ("unit", "survey_score", "survey_std_error"),
            ([unit["unit"], unit["survey_score"], unit["survey_std_error"]] for unit in figures["units"]),
        ),
        SCRIPT.name: SCRIPT.read_bytes(),
    }
    for language in LANGUAGES:
        members[f"answers-{language}.sav"] = write_sav(answers, configuration, language)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def write_sav(answers: pa.Table, configuration: Mapping[str, Any], language: str) -> bytes:
    """The answers as an SPSS file: answers as numbers where all options are, with the questions and options in ``language`` as labels."""
    import pyreadstat

    labels = list_labels(configuration, language)
    frame = answers.to_pandas()
    for code, (_, options) in labels.items():
        if code in frame and all(value.isdecimal() for value in options):
            frame[code] = frame[code].map(lambda value: float(value) if value.isdecimal() else None).astype("float64")
    value_labels = {
        code: {float(value) if all(map(str.isdecimal, options)) else value: text for value, text in options.items()}
        for code, (_, options) in labels.items()
        if code in frame
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.sav"
        pyreadstat.write_sav(
            frame,
            str(path),
            column_labels={code: text for code, (text, _) in labels.items() if code in frame},
            variable_value_labels=value_labels,
        )
        return path.read_bytes()


def list_labels(configuration: Mapping[str, Any], language: str) -> dict[str, tuple[str, dict[str, str]]]:
    """By question: its name, and its options' labels by value."""
    scales = {
        scale["code"]: {option["value"]: option["label"][language] for option in scale["options"]}
        for scale in configuration["scales"]
    }
    found = {item["code"]: (item["name"][language], scales[item["scale"]]) for item in configuration["indicators"]}
    for question in configuration["questionnaire"]["questions"]:
        if question.get("scale"):
            wording = question["wording"]
            found[question["code"]] = (wording.get("any", wording)[language], scales[question["scale"]])
    return found


def _points(scheme: Scheme) -> Iterable[Sequence]:
    for item in scheme.indicators:
        for value, hundredths in scheme.points[item.scale].items():
            yield item.code, value, hundredths / 100


def _weights(configuration: Mapping[str, Any], scored: Sequence[str]) -> Iterable[Sequence]:
    for item in configuration["indicators"]:
        if item["code"] in scored:
            yield "indicator", item["code"], item["weight"]
    for group in configuration["groups"]:
        yield "group", group["code"], group["weight"]


def _csv(heads: Sequence[str], rows: Iterable[Sequence]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(heads)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return buffer.getvalue().encode()
