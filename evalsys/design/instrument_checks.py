"""The questionnaire's own findings, said at the file, line and key where a designer mends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalsys.design.programme_problems import FileProblem
from surveys.errors import InstrumentError
from surveys.instrument import CONSENT, Finding, Questionnaire

QUESTIONNAIRE_FILE = "questionnaire.toml"


def check_instrument(configuration: Mapping[str, Any]) -> list[FileProblem]:
    """What would go wrong in the field with this questionnaire; empty when it can be used."""
    try:
        questionnaire = Questionnaire.from_configuration(configuration)
    except InstrumentError as error:
        name = error.details.get("question", "")
        column = "order" if error.code == "unknown-question" else _own_question(configuration, str(name))
        value = str(error.details.get("scale") or name)
        return [FileProblem(QUESTIONNAIRE_FILE, None, column, value, "instrument", {"reason": error})]
    return [_located(configuration, finding) for finding in questionnaire.lint()]


def _located(configuration: Mapping[str, Any], finding: Finding) -> FileProblem:
    value = str(finding.params.get("value") or finding.params.get("question") or "")
    place, params = finding.place, finding.params
    for index, row in enumerate(configuration["indicators"]):
        if row["code"] == place:
            return FileProblem("indicators.csv", None, "code", value or place, finding.problem, params, index)
    index = 0
    for scale in configuration["scales"]:
        if scale["code"] == place and place != CONSENT:
            return FileProblem("scales.csv", None, "scale", place, finding.problem, params, index)
        index += len(scale["options"])
    column = "consent" if place == CONSENT else _own_question(configuration, place) or place
    return FileProblem(QUESTIONNAIRE_FILE, None, column, value, finding.problem, params)


def _own_question(configuration: Mapping[str, Any], code: str) -> str:
    for number, question in enumerate(configuration["questionnaire"]["questions"], 1):
        if question["code"] == code:
            return f"questions[{number}]"
    return "consent" if code == CONSENT else ""
