"""Columns of a table as numbers and as texts, blanks and all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from surveys.errors import DesignError

#: texts that stand for "no value", as R writes and reads them
BLANKS = ("", "NA", "NaN", "nan", "null")


def number_column(table: Mapping[str, np.ndarray], name: str, *, finite: bool = True) -> np.ndarray:
    """A column as numbers, NaN where missing.

    finite : refuse infinity, which only the size of a population may have. Raises ``DesignError`` with column and row
    where a text is no number.
    """
    numbers = _numbers(table, name)
    if finite:
        for row in np.flatnonzero(np.isinf(numbers)):
            raise DesignError(
                "Row %(row)s of column %(column)s is infinite.", code="value-infinite", column=name, row=int(row) + 1
            )
    return numbers


def _numbers(table: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    column = find_column(table, name)
    if column.dtype.kind in "biuf":
        return column.astype(float)
    numbers = np.full(len(column), np.nan)
    for row, value in enumerate(column.tolist()):
        # a column of yes and no with gaps holds objects, not numbers
        text = "" if value is None else str(int(value) if isinstance(value, bool) else value).strip()
        if text in BLANKS:
            continue
        try:
            numbers[row] = float(text)
        except ValueError:
            raise DesignError(
                "Row %(row)s of column %(column)s holds %(text)r, which is no number.",
                code="value-number",
                column=name,
                row=row + 1,
                text=text,
            ) from None
    return numbers


def text_column(table: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """A column as texts, "" where missing; whole numbers without a decimal point."""
    column = find_column(table, name)
    if column.dtype.kind == "f":
        texts = [f"{x:.0f}" if x == np.floor(x) else "" if np.isnan(x) else repr(x) for x in column.tolist()]
    else:
        texts = ["" if x is None or str(x).strip() in BLANKS else str(x).strip() for x in column.tolist()]
    return np.array(texts, dtype=str)


def find_column(table: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """A column as it stands; raises ``DesignError``, naming the columns there are, where it is none of them."""
    if name not in table:
        raise DesignError(
            "There is no column %(column)r; the columns are %(known)s.",
            code="column-unknown",
            column=name,
            known=", ".join(map(repr, table)),
        )
    return np.asarray(table[name])
