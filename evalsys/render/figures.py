"""Score tables as figures for the screen; each stands beside its table and shows nothing that the table does not."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go
from flask_babel import gettext

from evalsys.render.score_table import ScoreCategory

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
    names: Sequence[str], values: Sequence[float], lows: Sequence[float], highs: Sequence[float], title: str
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
            text=[f"{value:.2f} ({low:.2f}–{high:.2f})" for value, low, high in zip(values, lows, highs, strict=True)],
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
