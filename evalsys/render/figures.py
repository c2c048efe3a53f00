"""Score tables as figures for the screen; each stands beside its table and shows nothing that the table does not."""

from __future__ import annotations

import textwrap

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
    figure = go.Figure(
        go.Scatter(
            x=scores,
            y=[_in_lines(row.name) for row in rows],
            mode="markers",
            marker={"color": ACCENT, "size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - score for high, score in zip(highs, scores, strict=True)],
                "arrayminus": [score - low for low, score in zip(lows, scores, strict=True)],
                "color": ACCENT,
                "thickness": 2,
                "width": 5,
            },
            text=[f"{score:.2f} ({low:.2f}–{high:.2f})" for score, low, high in zip(scores, lows, highs, strict=True)],
            hovertemplate="%{y}<br>%{text}<extra></extra>",
        )
    )
    figure.update_layout(_layout(len(rows)))
    target = category.shared.get("target")
    if target is not None and rows:
        figure.add_vline(x=float(target), line={"color": INK, "width": 1, "dash": "dot"})
    return figure.to_json()


def _in_lines(name: str) -> str:
    """A long name in several lines, so that it leaves room for the scale on a small screen."""
    return "<br>".join(textwrap.wrap(name, LINE_LETTERS, break_long_words=False))


def _layout(rows: int) -> dict:
    return {
        "template": "none",
        "height": FRAME_PIXELS + ROW_PIXELS * max(1, rows),
        "margin": {"l": 10, "r": 20, "t": 10, "b": 50},
        "showlegend": False,
        "font": {"color": INK, "size": 13},
        "xaxis": {
            "title": {"text": gettext("Survey score")},
            "gridcolor": LINE,
            "zeroline": False,
            "fixedrange": True,
        },
        "yaxis": {"automargin": True, "fixedrange": True, "type": "category"},
        "dragmode": False,
    }
