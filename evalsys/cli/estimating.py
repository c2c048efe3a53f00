"""``evalsys estimate``: means, totals, ratios, proportions and quantiles of any file, under any sample design."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evalsys.cli.context import as_json, speaks_plainly
from surveys.errors import DesignError
from surveys.estimation import LONELY_RULES
from surveys.estimation.analysis import KINDS, KnownTotal, Request, analyse

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


class Names(click.ParamType):
    """Column names, separated by commas."""

    name = "C[,C]"

    def convert(self, value, param, ctx):
        if not isinstance(value, str):
            return value
        names = tuple(name.strip() for name in value.split(","))
        if not all(names):
            self.fail(f"{value!r} holds an empty name", param, ctx)
        return names


@click.command()
@click.argument("data", type=EXISTING)
@click.option("--strata", type=Names(), default=(), help="Column of strata, one per stage.")
@click.option("--cluster", "clusters", type=Names(), default=(), help="Column of clusters, one per stage.")
@click.option("--weights", metavar="C", help="Column of weights; by default they follow from the population counts.")
@click.option("--fpc", "populations", type=Names(), default=(), help="Column of population counts, one per stage.")
@click.option("--by", type=Names(), default=(), help="Columns whose values make domains.")
@click.option("--mean", type=Names(), help="Means of columns, each over its own answered rows.")
@click.option("--total", type=Names(), help="Totals of columns.")
@click.option("--ratio", type=Names(), metavar="A/B[,A/B]", help="Ratios of two columns' totals.")
@click.option("--proportion", type=Names(), help="Shares of columns of yes and no, or of every level.")
@click.option(
    "--quantile", type=Names(), metavar="V:p[,V:p]", help="Quantiles, by column and share; V:.25,.5 is both of V."
)
@click.option("--level", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.95, show_default=True)
@click.option(
    "--lonely", type=click.Choice(LONELY_RULES), default="fail", show_default=True, help="Strata of one cluster."
)
@click.option(
    "--rake", type=EXISTING, metavar="FILE", help="Rake to the known totals of a CSV file: margin,level,total."
)
@click.option(
    "--poststratify", type=EXISTING, metavar="FILE", help="The same for one margin; a joint one is C:C, its levels L:L."
)
@click.option("--deff", is_flag=True, help="Also the design effect.")
@as_json
@speaks_plainly
def estimate(data: Path, rake: Path | None, poststratify: Path | None, as_json: bool, **options) -> None:
    """Estimate from a CSV or Parquet file, as R's survey package does.

    Exactly one of --mean, --total, --ratio, --proportion and --quantile says what.
    """
    asked = {kind: options.pop(kind) for kind in KINDS}
    chosen = [kind for kind, variables in asked.items() if variables]
    if len(chosen) != 1:
        raise click.UsageError(
            "Say what to estimate by exactly one of " + ", ".join(f"--{kind}" for kind in KINDS) + "."
        )
    if rake and poststratify:
        raise click.UsageError("Use either --rake or --poststratify.")
    (kind,) = chosen
    variables = _spell_out(asked[kind]) if kind == "quantile" else asked[kind]
    request = Request(
        kind, variables, margins=_read_margins(rake or poststratify, only_one=bool(poststratify)), **options
    )
    lines = analyse(read_columns(data), request)
    if as_json:
        # the keys of a domain stay in the order of --by
        click.echo(json.dumps(lines, ensure_ascii=False, allow_nan=False))
    else:
        for line in _as_text(lines):
            click.echo(line)


def read_columns(path: Path) -> dict[str, np.ndarray]:
    """The columns of a CSV file (UTF-8 or GB 18030) as texts, or of a Parquet file as they are."""
    if path.suffix.lower() in (".parquet", ".pq"):
        try:
            table = pq.read_table(path)
        except pa.ArrowException as error:
            raise DesignError(
                "%(name)s cannot be read as Parquet: %(error)s", code="file-unreadable", name=path.name, error=error
            ) from error
        return {name: _as_array(table.column(name)) for name in table.column_names}
    header, rows = _read_csv(path)
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    return {name: np.array(column, dtype=str) for name, column in zip(header, columns, strict=True)}


def _as_array(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.to_numpy(zero_copy_only=False)


def _read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise DesignError(
                "%(name)s is neither UTF-8 nor GB 18030.", code="file-unreadable", name=path.name
            ) from error
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    if not header or len(set(header)) < len(header):
        raise DesignError(
            "%(name)s needs a first line of column names that all differ.", code="file-header", name=path.name
        )
    rows = []
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise DesignError(
                "Line %(row)s of %(name)s has %(values)s values for %(columns)s columns.",
                code="file-line",
                row=reader.line_num,
                name=path.name,
                values=len(row),
                columns=len(header),
            )
        rows.append(row)
    return header, rows


def _read_margins(path: Path | None, *, only_one: bool) -> tuple[KnownTotal, ...]:
    if path is None:
        return ()
    header, rows = _read_csv(path)
    if header != ["margin", "level", "total"]:
        raise DesignError("%(name)s must have the columns margin, level, total.", code="file-header", name=path.name)
    known = []
    for number, (margin, level, total) in enumerate(rows, start=2):
        try:
            known.append(KnownTotal(margin.strip(), level.strip(), float(total)))
        except ValueError:
            raise DesignError(
                "Line %(row)s of %(name)s has the total %(total)r, which is no number.",
                code="value-number",
                row=number,
                name=path.name,
                total=total,
            ) from None
    if not known:
        raise DesignError("%(name)s names no margin.", code="margin", name=path.name)
    if only_one and len({line.margin for line in known}) > 1:
        raise DesignError(
            "%(name)s has several margins; post-stratify to one joint margin (a:b), or use --rake.",
            code="margin",
            name=path.name,
        )
    return tuple(known)


def _spell_out(quantiles: tuple[str, ...]) -> tuple[str, ...]:
    """V:.25,.5 as V:.25, V:.5."""
    spelt: list[str] = []
    for part in quantiles:
        spelt.append(part if ":" in part or not spelt else f"{spelt[-1].rpartition(':')[0]}:{part}")
    return tuple(spelt)


def _as_text(lines: list[dict]) -> Iterator[str]:
    yield f"{'domain':<24} {'variable':<16} {'estimate':>12} {'std. error':>12} {'low':>12} {'high':>12} {'df':>6} {'n':>7} {'deff':>8}"
    for line in lines:
        domain = ", ".join(f"{name} {value}" for name, value in line["domain"].items()) or "all"
        numbers = " ".join(f"{_figure(line[key]):>12}" for key in ("estimate", "std_error", "low", "high"))
        yield f"{domain:<24} {line['variable']:<16} {numbers} {line['df']:>6} {line['n']:>7} {_figure(line['deff']):>8}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"
