"""R's public ``api`` samples and the designs that the reference results were computed under."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from surveys.estimation.designs import make_design

GOLDEN = Path(__file__).parent / "golden"


def read_cases(name: str) -> dict:
    """The cases of a reference file."""
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))["cases"]


class Table:
    """A CSV file by columns: ``number`` with NaN for blanks, ``text`` as it stands."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, column: str) -> np.ndarray:
        return np.array([row[column] for row in self.rows])

    def number(self, column: str) -> np.ndarray:
        return np.array([float(row[column]) if row[column] else np.nan for row in self.rows])

    def numbers(self, *columns: str) -> np.ndarray:
        return np.stack([self.number(column) for column in columns], axis=1)

    def levels(self, column: str) -> tuple[list[str], np.ndarray]:
        names, codes = np.unique(self.text(column), return_inverse=True)
        return names.tolist(), codes

    def indicator_columns(self, column: str) -> np.ndarray:
        names, codes = self.levels(column)
        return (codes[:, None] == np.arange(len(names))).astype(float)


def read_table(name: str) -> Table:
    """A data file of the references."""
    path = GOLDEN / "data" / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        return Table(list(csv.DictReader(file)))


def read_design(name: str):
    """A named design of the reference files and its table."""
    data = {"dsrs": "apisrs", "dclus1": "apiclus1", "dclus2": "apiclus2", "dclus2wr": "apiclus2"}.get(name, "apistrat")
    table = read_table(data)
    if name == "dsrs":
        return make_design(populations=table.number("fpc")), table
    weights = table.number("pw")
    if name == "dstrat":
        return make_design(weights=weights, strata=table.text("stype"), populations=table.number("fpc")), table
    if name == "dstratnf":
        return make_design(weights=weights, strata=table.text("stype")), table
    if name == "dclus1":
        return make_design(weights=weights, clusters=table.text("dnum"), populations=table.number("fpc")), table
    clusters = [table.text("dnum"), table.text("snum")]
    if name == "dclus2":
        return make_design(clusters=clusters, populations=[table.number("fpc1"), table.number("fpc2")]), table
    return make_design(weights=weights, clusters=clusters), table
