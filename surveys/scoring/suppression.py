"""Hiding small cells of a table so that nobody can work them out again from its totals.

A cell hidden for its own size (primary) can be recovered exactly when it is the only way between its row and its column
in the graph of hidden cells: rows and columns are the nodes, hidden cells the edges (Gusfield 1988, "A graph theoretic
approach to statistical data security", SIAM Journal on Computing 17, 552–571). So every hidden cell is put on a cycle
of hidden cells, and then a linear programme plays the attacker: it looks for the range that each primary cell can still
lie in, and more is hidden while that is too narrow.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from surveys.errors import ScoringError

#: hiding a total costs more than hiding any set of inner cells
_TOTAL_COST = 1e9


@dataclass(frozen=True)
class HiddenCells:
    """Which cells stay hidden.

    primary : (R, C) hidden for their own size. hidden : (R, C) all hidden inner cells.
    row_totals, column_totals : (R,), (C,) totals hidden too, because the inner cells alone could not cover.
    """

    primary: np.ndarray
    hidden: np.ndarray
    row_totals: np.ndarray
    column_totals: np.ndarray


def suppress(counts: np.ndarray, nothing_below: int = 10, *, share: float = 0.10, answers: int = 3) -> HiddenCells:
    """Hide every count of 1 … ``nothing_below`` − 1, and as many more as its protection takes.

    counts : (R, C) whole numbers ≥ 0, of a table whose row totals, column totals and grand total are shown. Zeros are
    structural (a group that a unit does not have) and are shown.
    Promise: from what is shown, a primary cell x can be anything from at most x − w to at least x + w, w the larger of
    ``answers`` and ``share``·x (x − w no lower than 0). A table without small cells hides nothing.
    Raises ``ScoringError`` for counts that are negative or no table, and where even hiding every cell and total but the
    grand one would not protect.
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or (counts < 0).any():
        raise ScoringError("Suppression needs a table of counts that are not negative.", code="suppression-table")
    table = _with_totals(counts)
    primary = np.zeros(table.shape, bool)
    primary[:-1, :-1] = (counts > 0) & (counts < nothing_below)
    # A total below the gate gives away as much as a cell does.
    primary[:-1, -1] = (counts.sum(axis=1) > 0) & (counts.sum(axis=1) < nothing_below)
    primary[-1, :-1] = (counts.sum(axis=0) > 0) & (counts.sum(axis=0) < nothing_below)
    hidden = _cover(table, primary.copy())
    while (weak := _first_unprotected(table, primary, hidden, share, answers)) is not None:
        if not _hide_cheapest_beside(table, hidden, weak):
            raise ScoringError(
                "The table is too small to be shown without giving a hidden cell away; publish fewer of its cells.",
                code="suppression-impossible",
            )
        hidden = _cover(table, hidden)
    return HiddenCells(primary[:-1, :-1], hidden[:-1, :-1], hidden[:-1, -1], hidden[-1, :-1])


def _with_totals(counts: np.ndarray) -> np.ndarray:
    rows = np.concatenate([counts, counts.sum(axis=1, keepdims=True)], axis=1)
    return np.concatenate([rows, rows.sum(axis=0, keepdims=True)]).astype(int)


def _cover(table: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Put every hidden cell on a cycle of hidden cells, by the cheapest detour between its row and its column."""
    for row, column in np.argwhere(hidden):
        path = _cheapest_path(table, hidden, row, column)
        if path is None:
            raise ScoringError(
                "A hidden cell stands in a line with no other cell to hide beside it; publish fewer of the totals.",
                code="suppression-impossible",
            )
        for r, c in path:
            hidden[r, c] = True
    return hidden


def _cheapest_path(table: np.ndarray, hidden: np.ndarray, row: int, column: int) -> list[tuple[int, int]] | None:
    """Cells that lead from a row to a column without using the cell where both meet; hidden ones cost nothing."""
    rows = table.shape[0]
    start, goal = row, rows + column
    best: dict[int, float] = {start: 0.0}
    came: dict[int, tuple[int, tuple[int, int]]] = {}
    queue: list[tuple[float, int]] = [(0.0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node == goal:
            return list(_trace(came, start, goal))
        if cost > best[node]:
            continue
        for cell, neighbour in _edges(table, node):
            if cell == (row, column):
                continue
            price = cost + _price(table, hidden, cell)
            if price < best.get(neighbour, np.inf):
                best[neighbour] = price
                came[neighbour] = (node, cell)
                heapq.heappush(queue, (price, neighbour))
    return None


def _edges(table: np.ndarray, node: int) -> Iterator[tuple[tuple[int, int], int]]:
    rows, columns = table.shape
    cells = [(node, c) for c in range(columns)] if node < rows else [(r, node - rows) for r in range(rows)]
    for r, c in cells:
        # A structural zero covers nothing, and the grand total is always shown.
        if table[r, c] > 0 and (r, c) != (rows - 1, columns - 1):
            yield (r, c), (rows + c if node < rows else r)


def _price(table: np.ndarray, hidden: np.ndarray, cell: tuple[int, int]) -> float:
    if hidden[cell]:
        return 0.0
    is_total = cell[0] == table.shape[0] - 1 or cell[1] == table.shape[1] - 1
    return float(table[cell]) + (_TOTAL_COST if is_total else 0.0)


def _trace(came: dict, start: int, goal: int) -> Iterator[tuple[int, int]]:
    node = goal
    while node != start:
        node, cell = came[node]
        yield cell


def feasible_range(table: np.ndarray, hidden: np.ndarray, row: int, column: int) -> tuple[float, float]:
    """The lowest and highest count that a hidden cell can have, given everything that is shown.

    table : (R+1, C+1) counts with totals in the last row and column; hidden : same shape.
    """
    cells = [tuple(cell) for cell in np.argwhere(hidden)]
    position = {cell: k for k, cell in enumerate(cells)}
    matrix, right = _equations(table, hidden, position)
    aim = np.zeros(len(cells))
    aim[position[(row, column)]] = 1.0
    low = linprog(aim, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
    high = linprog(-aim, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
    return float(low.fun), (float(-high.fun) if high.status == 0 else float("inf"))


def _equations(table: np.ndarray, hidden: np.ndarray, position: dict) -> tuple[np.ndarray, np.ndarray]:
    """Each row and each column says: inner cells less their total is 0."""
    sign = np.ones(table.shape)
    sign[:, -1] *= -1
    column_sign = np.ones(table.shape)
    column_sign[-1, :] *= -1
    matrix, right = [], []
    lines = [([(r, c) for c in range(table.shape[1])], sign) for r in range(table.shape[0])]
    lines += [([(r, c) for r in range(table.shape[0])], column_sign) for c in range(table.shape[1])]
    for cells, signs in lines:
        unknown = [cell for cell in cells if hidden[cell]]
        if unknown:
            equation = np.zeros(len(position))
            for cell in unknown:
                equation[position[cell]] = signs[cell]
            matrix.append(equation)
            right.append(-sum(signs[cell] * table[cell] for cell in cells if not hidden[cell]))
    return np.array(matrix), np.array(right)


def _first_unprotected(
    table: np.ndarray, primary: np.ndarray, hidden: np.ndarray, share: float, answers: int
) -> tuple[int, int] | None:
    for row, column in np.argwhere(primary):
        x = table[row, column]
        width = max(answers, share * x)
        low, high = feasible_range(table, hidden, row, column)
        if low > max(0.0, x - width) + 1e-6 or high < x + width - 1e-6:
            return int(row), int(column)
    return None


def _hide_cheapest_beside(table: np.ndarray, hidden: np.ndarray, cell: tuple[int, int]) -> bool:
    """Hide the cheapest cell still shown in the row or column of a cell; anywhere else if there is none."""
    rows, columns = table.shape
    shown = [
        (r, c)
        for r in range(rows)
        for c in range(columns)
        if not hidden[r, c] and table[r, c] > 0 and (r, c) != (rows - 1, columns - 1)
    ]
    if not shown:
        return False
    beside = [other for other in shown if other[0] == cell[0] or other[1] == cell[1]]
    chosen = min(beside or shown, key=lambda other: (_price(table, hidden, other), other))
    hidden[chosen] = True
    return True
