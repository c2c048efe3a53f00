"""Sample designs of rows held in memory: strata and clusters of any number of stages, weights, finite populations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from surveys.errors import DesignError, Phrase


@dataclass(frozen=True)
class Stage:
    """One stage of selection over n rows.

    stratum : (n,) codes from 0 of the stratum, unique within the cluster of the stage before. cluster : (n,) codes
    from 0 of the cluster. sampled : (H,) clusters drawn in each stratum. population : (H,) clusters there are, or
    infinity.
    """

    stratum: np.ndarray
    cluster: np.ndarray
    sampled: np.ndarray
    population: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True)
class Design:
    """How n rows were sampled and weighted.

    weights : (n,) that estimates use. stages : of selection, the first one first. Where the weights are calibrated:
    auxiliaries : (n, Q), base : (n,) weights before, factors : (n,) by which calibration multiplied them.
    """

    weights: np.ndarray
    stages: tuple[Stage, ...]
    auxiliaries: np.ndarray | None = None
    base: np.ndarray | None = None
    factors: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.weights)

    def degrees_of_freedom(self, rows: np.ndarray | None = None) -> int:
        """Clusters minus strata of the first stage over rows with a weight, as R's ``degf``.

        Rows : (n,) bool, a subset.
        """
        inside = self.weights != 0 if rows is None else rows & (self.weights != 0)
        first = self.stages[0]
        return len(np.unique(first.cluster[inside])) - len(np.unique(first.stratum[inside]))

    def calibrated(self, weights: np.ndarray, auxiliaries: np.ndarray) -> Design:
        """The design after calibration to known totals: its variances are those of residuals on the auxiliaries.

        weights : (n,) after calibration. auxiliaries : (n, Q), an intercept or a complete set of levels among them.
        """
        weights = np.asarray(weights, float)
        factors = np.divide(weights, self.weights, out=np.ones(len(self)), where=self.weights != 0)
        auxiliaries = np.asarray(auxiliaries, float)
        return replace(self, weights=weights, auxiliaries=auxiliaries, base=self.weights, factors=factors)

    @cached_property
    def calibration_basis(self) -> np.ndarray:
        """(n, R) orthonormal columns that span √base · auxiliaries, R their rank; none without calibration."""
        if self.auxiliaries is None or self.base is None:
            return np.zeros((len(self), 0))
        columns = self.auxiliaries * np.sqrt(np.maximum(self.base, 0))[:, None]
        norms = np.sqrt((columns**2).sum(axis=0))
        u, singular, _ = np.linalg.svd(columns / np.where(norms > 0, norms, 1), full_matrices=False)
        return u[:, singular > 1e-10 * singular.max(initial=0)]

    def reweighted(self, weights: np.ndarray) -> Design:
        """The same sample with other weights, as after trimming.

        Residuals stay those of the calibration before, as in R.
        """
        return replace(self, weights=np.asarray(weights, float))


def make_design(
    *,
    rows: int | None = None,
    weights: np.ndarray | None = None,
    strata: np.ndarray | Sequence[np.ndarray | None] | None = None,
    clusters: np.ndarray | Sequence[np.ndarray] | None = None,
    populations: np.ndarray | Sequence[np.ndarray] | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Design:
    """Check and describe a design; every argument is a column, or a list of columns for several stages.

    Parameters
    ----------
    rows : n; needed where no column is given.
    weights : (n,) ≥ 0; by default the product of N/n over the stages with a population, else 1.
    strata : (n,) or one column (or None) per stage.
    clusters : by default every row is its own cluster.
    populations : clusters in the stratum's population, per stage; infinity or NaN-free. Without: no finite population
        correction.
    names : how errors call the columns of each argument, stage by stage ({"weights": ["pw"], "strata": ["stype"]});
        by default the arguments' own names.

    Raises
    ------
    DesignError
        With ``column`` and ``row`` (from 1): columns of different length; missing, negative or infinite weights; a
        missing stratum or cluster; a cluster in two strata; a population that varies within a stratum or is below its
        sample.
    """
    cluster_columns = _columns(clusters)
    strata_columns = _columns(strata)
    population_columns = _columns(populations)
    called = _Names(names or {})
    n = _length(rows, weights, cluster_columns + strata_columns + population_columns)
    stages, parent = [], np.zeros(n, np.int64)
    for number in range(max(1, len(cluster_columns), len(strata_columns), len(population_columns))):
        column = cluster_columns[number] if number < len(cluster_columns) else np.arange(n)
        layer = strata_columns[number] if number < len(strata_columns) else None
        size = population_columns[number] if number < len(population_columns) else None
        stages.append(_stage(number + 1, parent, layer, column, size, called))
        parent = stages[-1].cluster
    given = _weights_of(stages, n) if weights is None else np.asarray(weights, float)
    bad = np.flatnonzero(~(np.isfinite(given) & (given >= 0)))
    if bad.size:
        raise DesignError(
            "The weight of row %(row)s is %(weight)s (column %(column)s); a weight is a finite number of at least 0.",
            code="weight-wrong",
            column=called.of("weights"),
            row=int(bad[0]) + 1,
            weight=given[bad[0]],
        )
    return Design(given, tuple(stages))


@dataclass(frozen=True)
class _Names:
    """What the user calls the columns."""

    given: Mapping[str, Sequence[str]]

    def of(self, argument: str, number: int = 1) -> str:
        """The column of an argument at a stage, from 1."""
        own = self.given.get(argument, ())
        if number <= len(own):
            return own[number - 1]
        return argument if argument == "weights" else f"{argument} of stage {number}"


def _stage(
    number: int,
    parent: np.ndarray,
    strata: np.ndarray | None,
    clusters: np.ndarray,
    populations: np.ndarray | None,
    called: _Names,
) -> Stage:
    names, layer = None, np.zeros(len(parent), np.int64)
    if strata is not None:
        layer, names = _codes(strata, Phrase("strata of stage %(stage)s", stage=number), called.of("strata", number))
    stratum, first_row = _combined(parent, layer)
    inner = _codes(clusters, Phrase("clusters of stage %(stage)s", stage=number), called.of("clusters", number))[0]
    cluster, _ = _combined(parent, inner)
    _refuse_spread(cluster, stratum, number, called.of("clusters", number))
    first = np.zeros(cluster.max(initial=-1) + 1, np.int64)
    first[cluster[::-1]] = np.arange(len(cluster))[::-1]
    sampled = np.bincount(stratum[first], minlength=len(first_row))
    labels = tuple(str(names[layer[row]]) if names is not None else "(all)" for row in first_row)
    return Stage(
        stratum,
        cluster,
        sampled,
        _population(populations, stratum, sampled, labels, number, called.of("populations", number)),
        labels,
    )


def _population(
    column: np.ndarray | None,
    stratum: np.ndarray,
    sampled: np.ndarray,
    labels: tuple[str, ...],
    number: int,
    name: str,
) -> np.ndarray:
    if column is None:
        return np.full(len(sampled), np.inf)
    values = np.asarray(column, float)
    for row in np.flatnonzero(np.isnan(values)):
        raise DesignError(
            "Row %(row)s has no population size (column %(column)s).",
            code="design-missing",
            column=name,
            row=int(row) + 1,
        )
    population = np.full(len(sampled), np.nan)
    population[stratum[::-1]] = values[::-1]
    for row in np.flatnonzero(values != population[stratum]):
        raise DesignError(
            "The population size in row %(row)s is %(size)s, elsewhere in stratum %(stratum)s it is %(other)s "
            "(column %(column)s); it must be one number per stratum.",
            code="population-varies",
            column=name,
            row=int(row) + 1,
            size=values[row],
            stratum=labels[stratum[row]],
            other=population[stratum[row]],
        )
    for h in np.flatnonzero(population < sampled):
        row = int(np.flatnonzero(stratum == h)[0])
        raise DesignError(
            "Stratum %(stratum)s has a population of %(population)g but %(clusters)s sampled clusters at stage "
            "%(number)s (column %(column)s, row %(row)s); give the number of clusters there are.",
            code="fpc-below-n",
            column=name,
            row=row + 1,
            stratum=labels[h],
            population=population[h],
            clusters=sampled[h],
            number=number,
        )
    return population


def _refuse_spread(cluster: np.ndarray, stratum: np.ndarray, number: int, name: str) -> None:
    own = np.zeros(cluster.max(initial=-1) + 1, np.int64)
    own[cluster[::-1]] = stratum[::-1]
    for row in np.flatnonzero(own[cluster] != stratum):
        raise DesignError(
            "The cluster of row %(row)s at stage %(number)s lies in two strata (column %(column)s); number clusters "
            "anew in each stratum.",
            code="cluster-across-strata",
            column=name,
            row=int(row) + 1,
            number=number,
        )


def _codes(column: np.ndarray, role: Phrase, name: str) -> tuple[np.ndarray, np.ndarray]:
    column = np.asarray(column)
    if column.dtype.kind == "f":
        missing = np.isnan(column)
    elif column.dtype.kind == "O":
        missing = np.array([value is None or value != value or value == "" for value in column], bool)
    else:
        missing = column == "" if column.dtype.kind == "U" else np.zeros(len(column), bool)
    for row in np.flatnonzero(missing):
        raise DesignError(
            "Row %(row)s has no value for the %(role)s (column %(column)s).",
            code="design-missing",
            column=name,
            row=int(row) + 1,
            role=role,
        )
    labels, codes = np.unique(column.astype(str) if column.dtype.kind == "O" else column, return_inverse=True)
    return codes.reshape(-1).astype(np.int64), labels


def _combined(outer: np.ndarray, inner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the pairs, and the first row of each."""
    key = outer * (inner.max(initial=0) + 1) + inner
    _, first, codes = np.unique(key, return_index=True, return_inverse=True)
    return codes.reshape(-1).astype(np.int64), first


def _weights_of(stages: list[Stage], n: int) -> np.ndarray:
    weights = np.ones(n)
    for stage in stages:
        ratio = np.where(np.isinf(stage.population), 1.0, stage.population / np.maximum(stage.sampled, 1))
        weights = weights * ratio[stage.stratum]
    return weights


def _columns(given) -> list:
    if given is None:
        return []
    if isinstance(given, list | tuple) and (not given or given[0] is None or np.ndim(given[0]) == 1):
        return [None if column is None else np.asarray(column) for column in given]
    return [np.asarray(given)]


def _length(rows: int | None, weights, columns: list) -> int:
    lengths = {len(column) for column in columns if column is not None}
    lengths |= {len(weights)} if weights is not None else set()
    lengths |= {rows} if rows is not None else set()
    if len(lengths) != 1:
        raise DesignError(
            "The columns of the design have the lengths %(lengths)s; they must be equal.",
            code="design-length",
            lengths=sorted(lengths),
        )
    return lengths.pop()
