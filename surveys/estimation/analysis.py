"""One request over the columns of a table: what ``evalsys estimate`` answers, and the short way for a notebook.

It puts together the design, calibration to known margins and one kind of estimate; each variable is over its own
answered rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from surveys.errors import DesignError
from surveys.estimation import domains
from surveys.estimation.columns import find_column, number_column, text_column
from surveys.estimation.designs import Design, make_design
from surveys.estimation.proportions import proportion_interval
from surveys.estimation.quantiles import estimate_quantiles
from surveys.estimation.variances import LonelyRule
from surveys.weighting.raking import Margin, rake

KINDS = ("mean", "total", "ratio", "proportion", "quantile")
_YES_NO = ({"0", "1"}, {"0.0", "1.0"}, {"False", "True"}, {"false", "true"}, {"FALSE", "TRUE"})


@dataclass(frozen=True)
class KnownTotal:
    """One line of a file of margins: a level of a margin and its total in the population.

    margin : a column, or several joined by ":" with their levels joined alike ("sex:age", "F:18-34").
    """

    margin: str
    level: str
    total: float


@dataclass(frozen=True)
class Request:
    """What to estimate, by names of columns.

    kind : one of ``KINDS``. variables : columns; for a ratio "A/B", for a quantile "V:p". strata, clusters,
    populations : a column per stage, the first stage first. populations : columns of population counts. by : columns
    whose values make domains. margins : to rake to (one margin: post-stratification). level : of the intervals. deff
    : also the design effect.
    """

    kind: str
    variables: Sequence[str]
    weights: str | None = None
    strata: Sequence[str] = ()
    clusters: Sequence[str] = ()
    populations: Sequence[str] = ()
    by: Sequence[str] = ()
    level: float = 0.95
    lonely: str = "fail"
    margins: Sequence[KnownTotal] = field(default_factory=tuple)
    deff: bool = False


def analyse(table: Mapping[str, np.ndarray], request: Request) -> list[dict]:
    """The estimates of a request, one mapping per domain and variable, in the order of domains and then of variables.

    table : columns of equal length, of numbers or text; blanks, "NA" and NaN are missing. Rows with a missing value
    in a ``by`` column are in no domain. Keys: domain (an object in the order of ``by``), variable, estimate,
    std_error, low, high, df, n, deff; ``None`` where something cannot be estimated. Intervals are by t with the
    domain's degrees of freedom; of proportions on the log odds; of quantiles Woodruff's.

    Raises
    ------
    DesignError
        An unknown column, a value that is no number (with column and row), or whatever the design, margins or
        estimate refuse.
    """
    if request.kind not in KINDS:
        raise DesignError(
            "The kind of estimate is %(kind)r; use one of %(known)s.",
            code="estimate-kind",
            kind=request.kind,
            known=", ".join(KINDS),
        )
    if not request.variables:
        raise DesignError("Name at least one variable to estimate.", code="estimate-kind")
    _refuse_ragged(table)
    design = _calibrated(_design(table, request), table, request.margins)
    names, domain = _domains(table, request.by, len(design))
    lonely = LonelyRule(request.lonely)
    lines = {"ratio": _ratio_lines, "proportion": _share_lines, "quantile": _quantile_lines}.get(
        request.kind, _plain_lines
    )
    by_variable = list(lines(table, request, design, domain, lonely))
    return [
        {"domain": name, **{key: _plain(value) for key, value in part[d].items()}}
        for d, name in enumerate(names)
        for part in by_variable
    ]


def _refuse_ragged(table: Mapping[str, np.ndarray]) -> None:
    lengths = {name: len(column) for name, column in table.items()}
    most = max(lengths.values(), default=0)
    for name, length in lengths.items():
        if length < most:
            raise DesignError(
                "Column %(column)s has %(length)s rows, others have %(most)s.",
                code="design-length",
                column=name,
                length=length,
                most=most,
            )
    if table and not most:
        raise DesignError("The table has no rows, so there is nothing to estimate.", code="table-rows")


def _design(table: Mapping[str, np.ndarray], request: Request) -> Design:
    return make_design(
        rows=len(next(iter(table.values()))) if table else 0,
        weights=None if request.weights is None else number_column(table, request.weights),
        strata=[text_column(table, name) for name in request.strata],
        clusters=[text_column(table, name) for name in request.clusters],
        populations=[number_column(table, name, finite=False) for name in request.populations],
        names={
            "weights": [request.weights] if request.weights else [],
            "strata": request.strata,
            "clusters": request.clusters,
            "populations": request.populations,
        },
    )


def _calibrated(design: Design, table: Mapping[str, np.ndarray], known: Sequence[KnownTotal]) -> Design:
    if not known:
        return design
    margins = []
    for name in dict.fromkeys(line.margin for line in known):
        lines = [line for line in known if line.margin == name]
        levels = [line.level for line in lines]
        if len(set(levels)) < len(levels):
            raise DesignError("Margin %(margin)s gives a level twice.", code="margin", margin=name)
        parts = [name] if name in table else name.split(":")
        texts = [":".join(row) for row in zip(*(text_column(table, part) for part in parts), strict=True)]
        place = {level: k for k, level in enumerate(levels)}
        for row, text in enumerate(texts):
            if text not in place:
                raise DesignError(
                    "Row %(row)s has %(text)r in %(column)s, for which the margins give no total.",
                    code="margin-level",
                    column=name,
                    row=row + 1,
                    text=text,
                )
        codes = np.array([place[text] for text in texts])
        margins.append(Margin(name, codes, np.array([line.total for line in lines], float), levels))
    columns = [(margin.codes[:, None] == np.arange(len(margin.totals))).astype(float) for margin in margins]
    return design.calibrated(rake(design.weights, margins), np.hstack(columns))


def _domains(table: Mapping[str, np.ndarray], by: Sequence[str], rows: int) -> tuple[list[dict], np.ndarray]:
    if not by:
        return [{}], np.zeros(rows, np.int64)
    columns = [find_column(table, name) for name in by]
    texts = [text_column(table, name) for name in by]
    present = np.all([column != "" for column in texts], axis=0)
    if not present.any():
        raise DesignError(
            "No row has a value in %(columns)s, so there is no domain.",
            code="domains-none",
            column=by[0],
            columns=", ".join(by),
        )
    keys = [tuple(map(_domain_value, row)) for row in zip(*(column.tolist() for column in columns), strict=True)]
    # numbers before texts, so that a column of both has an order
    found = sorted(
        {key for key, here in zip(keys, present, strict=True) if here},
        key=lambda key: [(isinstance(value, str), value) for value in key],
    )
    place = {key: d for d, key in enumerate(found)}
    codes = np.array([place[key] if here else -1 for key, here in zip(keys, present, strict=True)], np.int64)
    return [dict(zip(by, key, strict=True)) for key in found], codes


def _plain_lines(table, request, design, domain, lonely) -> Iterator[list[dict]]:
    estimate = domains.means if request.kind == "mean" else domains.totals
    values = np.stack([number_column(table, variable) for variable in request.variables], axis=1)
    yield from _lines(request.variables, estimate(design, values, domain, lonely), request)


def _ratio_lines(table, request, design, domain, lonely) -> Iterator[list[dict]]:
    pairs = [variable.partition("/") for variable in request.variables]
    for variable, (_, slash, _) in zip(request.variables, pairs, strict=True):
        if not slash:
            raise DesignError(
                "The ratio %(variable)r must be two columns, A/B.", code="estimate-kind", variable=variable
            )
    over, under = (np.stack([number_column(table, pair[k]) for pair in pairs], axis=1) for k in (0, 2))
    yield from _lines(request.variables, domains.ratios(design, over, under, domain, lonely), request)


def _share_lines(table, request, design, domain, lonely) -> Iterator[list[dict]]:
    for variable in request.variables:
        yield from _shares(table, request, design, variable, domain, lonely)


def _shares(table, request, design, variable, domain, lonely) -> Iterator[list[dict]]:
    """A column of yes and no (0/1, true/false) is one share; every level of any other column has its own."""
    texts = text_column(table, variable)
    levels = sorted(set(texts.tolist()) - {""})
    if any(set(levels) <= pair for pair in _YES_NO):
        parts = {variable: np.isin(texts, ["1", "1.0", "True", "true", "TRUE"])}
    else:
        parts = {f"{variable}={level}": texts == level for level in levels}
    for name, yes in parts.items():
        found = domains.means(design, np.where(texts == "", np.nan, yes.astype(float)), domain, lonely)
        (lines,), variances = _lines([name], found, request), np.maximum(found.within()[:, 0, 0], 0)
        for d, line in enumerate(lines):
            n, df = int(found.n[d, 0]), int(found.df[d])
            line["low"], line["high"] = proportion_interval(
                line["estimate"], variances[d], n, df, "logit", request.level
            )
        yield lines


def _quantile_lines(table, request, design, domain, lonely) -> Iterator[list[dict]]:
    for variable in request.variables:
        yield _quantiles(table, request, design, variable, domain, lonely)


def _quantiles(table, request, design, variable, domain, lonely) -> list[dict]:
    name, _, share = variable.rpartition(":")
    try:
        p = float(share)
    except ValueError:
        raise DesignError(
            "The quantile %(variable)r must be a column and a share, V:p.", code="estimate-kind", variable=variable
        ) from None
    values = number_column(table, name)
    lines = []
    for d in range(int(domain.max(initial=-1)) + 1):
        found = estimate_quantiles(design, values, [p], inside=domain == d, level=request.level, lonely=lonely)
        line = {"variable": variable, "estimate": found.estimates[0], "std_error": found.std_errors[0]}
        line |= {"low": found.low[0], "high": found.high[0], "df": found.df, "n": found.n, "deff": None}
        lines.append(line)
    return lines


def _lines(variables: Sequence[str], found: domains.DomainEstimates, request: Request) -> Iterator[list[dict]]:
    """For each variable the lines of all domains."""
    errors = found.std_errors()
    low, high = found.interval(request.level)
    deff = found.deff() if request.deff else np.full(errors.shape, np.nan)
    columns = {"estimate": found.estimates, "std_error": errors, "low": low, "high": high}
    columns |= {"df": np.broadcast_to(found.df[:, None], errors.shape), "n": found.n, "deff": deff}
    for j, variable in enumerate(variables):
        yield [
            {"variable": variable, **{key: column[d, j] for key, column in columns.items()}}
            for d in range(len(found.estimates))
        ]


def _domain_value(value: object) -> object:
    """A value of a ``by`` column as JSON knows it: dates and decimals as text."""
    return value if isinstance(value, str | int | float) else str(value)


def _plain(value: object) -> object:
    """A number as JSON knows it: not of numpy, ``None`` for NaN."""
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value
