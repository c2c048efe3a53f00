"""The one pass over a frozen data set: an Ibis expression that any engine can run, whose results are whole numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import BooleanValue, StringColumn, Table

from evalsys.results.engines import ENGINES
from surveys.errors import DesignError
from surveys.estimation import CellSums
from surveys.scoring import Scheme

#: bits of a BIGINT but for its sign
_BITS = 63


@dataclass(frozen=True)
class RoundSums:
    """What scoring needs of a data set; one entry per stratum and domain that hold complete interviews.

    strata : codes in order. sums : its cells are the strata. dont_know, satisfied : (entries, J) answers "don't know",
    and answers in the satisfied categories.
    """

    strata: tuple[str, ...]
    sums: CellSums
    dont_know: np.ndarray
    satisfied: np.ndarray


@dataclass(frozen=True)
class Packing:
    """How many sums share one BIGINT, each in bits of its own: Σ l (r_0 + 2^b r_1 + …) is Σ l r_0 + 2^b Σ l r_1 + ….

    What is summed is x = points/unit + 1 and a = 1 of an answer that counts, and 0 of another one, so that engines add
    small whole numbers.

    indicators : J. unit : hundredths that divide all points. bits : "x" → of Σ x_j x_k, "a" → of Σ x_j a_k.
    """

    indicators: int
    unit: int
    bits: Mapping[str, int]

    @classmethod
    def of(cls, scheme: Scheme, most: int) -> Packing:
        """The packing that no stratum of up to ``most`` complete interviews overflows."""
        points = [value for one in scheme.indicators for value in scheme.points[one.scale].values()]
        unit = math.gcd(*points) or 1
        largest = max(points, default=0) // unit + 1
        most = max(most, 1)
        bits = {"x": (most * largest**2).bit_length(), "a": (most * largest).bit_length()}
        return cls(len(scheme.indicators), unit, bits)

    def blocks(self, right: str) -> list[range]:
        """Indicators whose ``right`` ("x" or "a") are packed into one number."""
        size = max(_BITS // self.bits[right], 1)
        return [range(low, min(low + size, self.indicators)) for low in range(0, self.indicators, size)]

    def words(self) -> Iterable[tuple[str, int, str, int]]:
        """Left and indicator, right and block of every sum; of products that are the same both ways one is enough."""
        for left, right in ("xx", "xa", "aa"):
            for number, block in enumerate(self.blocks(right)):
                for j in range(self.indicators if left != right else block.stop):
                    yield left, j, right, number


def sum_dataset(
    path: Path,
    scheme: Scheme,
    dont_know: Mapping[str, str],
    domain_of: Mapping[str, int],
    *,
    by: str = "stratum",
    most: int | None = None,
    engine: str = "duckdb",
) -> RoundSums:
    """Read the data set once and sum it.

    dont_know : scale → the value that says so. domain_of : value of the column ``by`` → index of its domain: stratum →
    unit × group, or station → station. most : complete interviews of the largest stratum, where that is known; it
    makes the pass shorter. engine : one of ``ENGINES``; the sums are the same. Raises ``DesignError`` where a stratum
    has more than ``most``.
    """
    packing = Packing.of(scheme, pq.read_metadata(path).num_rows if most is None else most)
    found = ENGINES[engine](path, lambda table: summing_expression(table, scheme, dont_know, packing, by))
    if most is not None:
        _refuse_more(found, most)
    return _unpack(found, packing, domain_of, by)


def summing_expression(
    table: Table, scheme: Scheme, dont_know: Mapping[str, str], packing: Packing, by: str = "stratum"
) -> Table:
    """Counts and packed sums of products over complete interviews, per stratum and ``by``: integers throughout."""
    keys = list(dict.fromkeys(["stratum", by]))
    complete = table.filter(table.outcome == "1.1")
    codes = {}
    for j, indicator in enumerate(scheme.indicators):
        answer = complete[indicator.code]
        rated = [(value, points // packing.unit + 1) for value, points in scheme.points[indicator.scale].items()]
        codes[f"x{j}"] = (answer.cases(*rated, else_=0) if rated else ibis.literal(0)).cast("int64")
        codes[f"dk{j}"] = _is_one_of(answer, [dont_know[indicator.scale]] if indicator.scale in dont_know else [])
        codes[f"sat{j}"] = _is_one_of(answer, sorted(scheme.satisfied[indicator.scale]))
    coded = complete.select(*keys, **codes)
    coded = coded.mutate(
        **{f"a{j}": (coded[f"x{j}"] > 0).ifelse(1, 0).cast("int64") for j in range(packing.indicators)}
    )
    packs = {
        f"{right}_{number}": reduce(
            lambda one, other: one + other,
            (coded[f"{right}{k}"] * 2 ** (packing.bits[right] * place) for place, k in enumerate(block)),
        )
        for right in "xa"
        for number, block in enumerate(packing.blocks(right))
    }
    coded = coded.mutate(**packs)
    sums = {"rows": coded.count()}
    for j in range(packing.indicators):
        sums[f"dk{j}"], sums[f"sat{j}"] = coded[f"dk{j}"].sum(), coded[f"sat{j}"].sum()
    for left, j, right, number in packing.words():
        sums[f"{left}{j}_{right}{number}"] = (coded[f"{left}{j}"] * coded[f"{right}_{number}"]).sum()
    return coded.group_by(keys).aggregate(**sums)


def _is_one_of(answer: StringColumn, values: Iterable[str]) -> BooleanValue:
    # engines compare with one value faster than they look a value up in a list
    return reduce(lambda one, other: one | other, (answer == value for value in values), ibis.literal(False))


def _refuse_more(found: pa.Table, most: int) -> None:
    for stratum, rows in zip(found["stratum"].to_pylist(), found["rows"].to_pylist(), strict=True):
        if rows > most:
            raise DesignError(
                "Stratum %(stratum)s has %(answering)s answering rows but only %(sampled)s sampled ones.",
                code="rows-above-n",
                stratum=stratum,
                answering=rows,
                sampled=most,
            )


def _unpack(found: pa.Table, packing: Packing, domain_of: Mapping[str, int], by: str) -> RoundSums:
    entries = list(zip(found["stratum"].to_pylist(), found[by].to_pylist(), strict=True))
    order = sorted(range(len(entries)), key=entries.__getitem__)
    strata = sorted({stratum for stratum, _ in entries})
    place_of = {code: place for place, code in enumerate(strata)}
    stratum = np.array([place_of[entries[row][0]] for row in order], np.int64)
    count = packing.indicators

    def column(name: str) -> np.ndarray:
        # to_numpy() would load pandas
        return np.from_dlpack(found[name].cast(pa.int64()).combine_chunks())[order]

    def of_each(name: str) -> np.ndarray:
        return np.stack([column(f"{name}{j}") for j in range(count)], axis=1)

    pairs = {both: np.zeros((len(stratum), count, count), np.int64) for both in ("xx", "xa", "aa")}
    for left, j, right, number in packing.words():
        word, bits = column(f"{left}{j}_{right}{number}"), packing.bits[right]
        for place, k in enumerate(packing.blocks(right)[number]):
            pairs[left + right][:, j, k] = word >> bits * place & 2**bits - 1
            if left == right:
                pairs[left + right][:, k, j] = pairs[left + right][:, j, k]
    n, x, squares = pairs["aa"], pairs["xa"], pairs["xx"]
    sums = CellSums(
        stratum=stratum,
        domain=np.array([domain_of[entries[row][1]] for row in order], np.int64),
        cell=stratum,
        rows=column("rows"),
        count=n,
        total=packing.unit * (x - n),  # x is one more than points in units
        product=packing.unit**2 * (squares - x - x.transpose(0, 2, 1) + n),
    )
    return RoundSums(tuple(strata), sums, of_each("dk"), of_each("sat"))
