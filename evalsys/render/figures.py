"""Score tables as figures for the screen; each stands beside its table and shows nothing that the table does not."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from flask_babel import gettext
from plotly.subplots import make_subplots

from evalsys.render.score_table import ScoreCategory, ScoreTable
from surveys.scoring.comparison import funnel_limits

INK, LINE, ACCENT = "#1a2430", "#c3ccd6", "#0b5cad"
ROW_PIXELS, FRAME_PIXELS = 40, 90
LINE_LETTERS = 20


def interval_figure(category: ScoreCategory) -> str:
    """The survey scores of a category with their intervals, best first, as the JSON of a plotly figure.

    Units whose score is hidden or has no interval are left out.
    """
    rows = [row for row in category.rows if row.get("survey_low") is not None]
    rows.sort(key=lambda row: float(row.get("survey_score")))
    scores = [float(row.get("survey_score")) for row in rows]
    lows = [float(row.get("survey_low")) for row in rows]
    highs = [float(row.get("survey_high")) for row in rows]
    figure = _intervals([row.name for row in rows], scores, lows, highs, gettext("Survey score"))
    target = category.shared.get("target")
    if target is not None and rows:
        figure.add_vline(x=float(target), line={"color": INK, "width": 1, "dash": "dot"})
    return figure.to_json()


def draw_category(table: ScoreTable, category: ScoreCategory, kind: str) -> str | None:
    """The figure of one of intervals, ranks, funnel and indicators, or ``None`` for a kind that is not known."""
    level = float(table.configuration["scoring"]["confidence_level"])
    figures = {
        "intervals": lambda: interval_figure(category),
        "ranks": lambda: rank_figure(category),
        "funnel": lambda: funnel_figure(category, level),
        "indicators": lambda: indicators_figure(category, table.scored, table.language),
    }
    return figures[kind]() if kind in figures else None


def rank_figure(category: ScoreCategory) -> str:
    """The ranks that each unit may really have, as the JSON of a plotly figure; units without a rank are left out."""
    rows = [row for row in category.rows if row.get("rank_low") is not None]
    rows.sort(key=lambda row: -int(row.get("rank")))
    columns = [[float(row.get(name)) for row in rows] for name in ("rank", "rank_low", "rank_high")]
    figure = _intervals([row.name for row in rows], *columns, gettext("Rank and rank set"), places=0)
    figure.update_xaxes(dtick=max(1, len(rows) // 8), range=[0.5, len(rows) + 0.5])
    return figure.to_json()


def funnel_figure(category: ScoreCategory, level: float) -> str:
    """Survey scores over their standard errors with the limits within which chance and the usual spread between units leave them.

    Units without an error are left out; without a target there are no limits.
    """
    rows = [row for row in category.rows if row.get("survey_std_error") is not None]
    errors = [float(row.get("survey_std_error")) for row in rows]
    scores = [float(row.get("survey_score")) for row in rows]
    figure = go.Figure()
    target = category.shared.get("target")
    if target is not None and rows:
        along = np.linspace(0, 1.1 * max(errors), 40)
        limits = funnel_limits(float(target), along, level, float(category.shared.get("tau2") or 0))
        for line in limits.T:
            figure.add_scatter(x=along.tolist(), y=line.tolist(), mode="lines", line={"color": INK, "width": 1})
        figure.add_hline(y=float(target), line={"color": INK, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=errors,
        y=scores,
        mode="markers",
        marker={"color": ACCENT, "size": 9},
        text=[row.name for row in rows],
        hovertemplate="%{text}<br>%{y:.2f} ± %{x:.3f}<extra></extra>",
    )
    layout = _layout(8, gettext("Standard error"))
    layout["yaxis"] = {
        "title": {"text": gettext("Survey score")},
        "gridcolor": LINE,
        "automargin": True,
        "fixedrange": True,
    }
    figure.update_layout(layout)
    return figure.to_json()


def indicators_figure(category: ScoreCategory, indicators: Sequence[Mapping], language: str) -> str:
    """One small picture per indicator on one scale: every unit of the category that is shown, in the same order in each."""
    rows = [row for row in category.rows if row.get("survey_score") is not None]
    rows.sort(key=lambda row: float(row.get("survey_score")))
    columns = 2
    lines = -(-len(indicators) // columns)
    figure = make_subplots(
        lines,
        columns,
        shared_xaxes=True,
        vertical_spacing=0.12,
        subplot_titles=["<br>".join(textwrap.wrap(f"{i['code']} {i['name'][language]}", 22)) for i in indicators],
    )
    for at, item in enumerate(indicators):
        figure.add_scatter(
            x=list(range(1, len(rows) + 1)),
            y=[None if row.mean(item["code"]) is None else float(row.mean(item["code"])) for row in rows],
            mode="markers",
            marker={"color": ACCENT, "size": 6},
            text=[row.name for row in rows],
            hovertemplate="%{text}<br>%{y:.2f}<extra></extra>",
            row=at // columns + 1,
            col=at % columns + 1,
        )
    layout = _layout(5 * lines, "")
    del layout["xaxis"], layout["yaxis"]
    figure.update_layout(layout | {"margin": {"l": 40, "r": 10, "t": 50, "b": 20}})
    figure.update_yaxes(matches="y", gridcolor=LINE, fixedrange=True, zeroline=False)
    figure.update_xaxes(showticklabels=False, fixedrange=True, zeroline=False)
    return figure.to_json()


def anatomy_figure(parts: Sequence[tuple[str, float]], total: str) -> str:
    """Shares that add up to a score, each bar beginning where the one before ended, and the score itself below them."""
    names = [_in_lines(name) for name, _ in parts] + [total]
    starts = [sum(value for _, value in parts[:at]) for at in range(len(parts))]
    whole = sum(value for _, value in parts)
    figure = go.Figure(
        go.Bar(
            x=[*(value for _, value in parts), whole],
            base=[*starts, 0],
            y=names,
            orientation="h",
            marker={"color": [*(ACCENT for _ in parts), INK]},
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    )
    layout = _layout(len(names), gettext("Points"))
    layout["yaxis"]["autorange"] = "reversed"
    figure.update_layout(layout)
    return figure.to_json()


def interviewer_figure(
    names: Sequence[str], means: Sequence[float], lows: Sequence[float], highs: Sequence[float]
) -> str:
    """Interviewers' mean z with their intervals, least first, as the JSON of a plotly figure; 0 is what the strata give."""
    rows = sorted(zip(means, names, lows, highs, strict=True))
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    figure = _intervals(columns[1], columns[0], columns[2], columns[3], gettext("Mean z"))
    figure.add_vline(x=0, line={"color": INK, "width": 1, "dash": "dot"})
    return figure.to_json()


def _intervals(
    names: Sequence[str],
    values: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    title: str,
    *,
    places: int = 2,
) -> go.Figure:
    """One row per name: a point with the line of its interval."""
    figure = go.Figure(
        go.Scatter(
            x=list(values),
            y=[_in_lines(name) for name in names],
            mode="markers",
            marker={"color": ACCENT, "size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - value for high, value in zip(highs, values, strict=True)],
                "arrayminus": [value - low for low, value in zip(lows, values, strict=True)],
                "color": ACCENT,
                "thickness": 2,
                "width": 5,
            },
            text=[
                f"{value:.{places}f} ({low:.{places}f}–{high:.{places}f})"
                for value, low, high in zip(values, lows, highs, strict=True)
            ],
            hovertemplate="%{y}<br>%{text}<extra></extra>",
        )
    )
    figure.update_layout(_layout(len(names), title))
    return figure


def _in_lines(name: str) -> str:
    """A long name in several lines, so that it leaves room for the scale on a small screen."""
    return "<br>".join(textwrap.wrap(name, LINE_LETTERS, break_long_words=False))


def _layout(rows: int, title: str) -> dict:
    return {
        "template": "none",
        "height": FRAME_PIXELS + ROW_PIXELS * max(1, rows),
        "margin": {"l": 10, "r": 20, "t": 10, "b": 50},
        "showlegend": False,
        "font": {"color": INK, "size": 13},
        "xaxis": {
            "title": {"text": title},
            "gridcolor": LINE,
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {"automargin": True, "fixedrange": True, "type": "category"},
        "dragmode": False,
    }
