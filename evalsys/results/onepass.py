"""The one pass over a frozen data set: an Ibis expression that any engine can run, whose results are whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ibis
import numpy as np
from ibis.expr.types import Table

from surveys.estimation import CellSums
from surveys.scoring import Scheme


@dataclass(frozen=True)
class RoundSums:
    """What scoring needs of a data set; one entry per stratum, which lies in one unit and group.

    strata : codes in order. dont_know, satisfied : (H, J) answers "don't know", and answers in the satisfied categories.
    """

    strata: tuple[str, ...]
    sums: CellSums
    dont_know: np.ndarray
    satisfied: np.ndarray


def sum_dataset(path: Path, scheme: Scheme, dont_know: Mapping[str, str], domain_of: Mapping[str, int]) -> RoundSums:
    """Read the data set once and sum it.

    dont_know : scale → the value that says so. domain_of : stratum → index of its unit × group.
    """
    connection = ibis.duckdb.connect()
    try:
        table = connection.read_parquet(str(path))
        rows = summing_expression(table, scheme, dont_know).to_pyarrow().to_pylist()
    finally:
        connection.disconnect()
    return _collect(sorted(rows, key=lambda row: row["stratum"]), len(scheme.indicators), domain_of)


def summing_expression(table: Table, scheme: Scheme, dont_know: Mapping[str, str]) -> Table:
    """Counts, sums and products of points in hundredths over complete interviews, per stratum: integers throughout."""
    complete = table.filter(table.outcome == "1.1")
    columns = {}
    for j, indicator in enumerate(scheme.indicators):
        answer = complete[indicator.code]
        points = scheme.points[indicator.scale]
        columns[f"p{j}"] = answer.cases(*points.items(), else_=0).cast("int64")
        columns[f"a{j}"] = answer.isin(list(points)).cast("int64")
        columns[f"d{j}"] = (answer == dont_know.get(indicator.scale, "")).cast("int64")
        columns[f"s{j}"] = answer.isin(sorted(scheme.satisfied[indicator.scale]) or [""]).cast("int64")
    prepared = complete.select("stratum", **columns)
    count = len(scheme.indicators)
    sums = {"rows": prepared.count()}
    for j in range(count):
        sums[f"dk{j}"], sums[f"sat{j}"] = prepared[f"d{j}"].sum(), prepared[f"s{j}"].sum()
        for k in range(count):
            sums[f"t{j}_{k}"] = (prepared[f"p{j}"] * prepared[f"a{k}"]).sum()
            if k >= j:
                sums[f"n{j}_{k}"] = (prepared[f"a{j}"] * prepared[f"a{k}"]).sum()
                sums[f"q{j}_{k}"] = (prepared[f"p{j}"] * prepared[f"p{k}"]).sum()
    return prepared.group_by("stratum").aggregate(**sums)


def _collect(rows: list[dict], count: int, domain_of: Mapping[str, int]) -> RoundSums:
    strata = tuple(row["stratum"] for row in rows)

    def pairs(letter: str, symmetric: bool) -> np.ndarray:
        names = [
            [f"{letter}{min(j, k)}_{max(j, k)}" if symmetric else f"{letter}{j}_{k}" for k in range(count)]
            for j in range(count)
        ]
        values = [[[int(row[name]) for name in line] for line in names] for row in rows]
        return np.array(values, np.int64).reshape(len(rows), count, count)

    def single(name: str) -> np.ndarray:
        return np.array([[int(row[f"{name}{j}"]) for j in range(count)] for row in rows], np.int64).reshape(-1, count)

    index = np.arange(len(rows))
    sums = CellSums(
        stratum=index,
        domain=np.array([domain_of[code] for code in strata], np.int64),
        cell=index,
        rows=np.array([int(row["rows"]) for row in rows], np.int64),
        count=pairs("n", True),
        total=pairs("t", False),
        product=pairs("q", True),
    )
    return RoundSums(strata, sums, single("dk"), single("sat"))
