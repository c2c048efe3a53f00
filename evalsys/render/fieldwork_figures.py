"""How fieldwork stands, as figures for the screen; each stands beside its table and shows nothing that the table does not."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from flask_babel import gettext

from evalsys.render.figures import ACCENT, INK, LINE

QUIET = "#9fb3c8"
ROW_PIXELS, FRAME_PIXELS, COLUMN_PIXELS = 26, 90, 320


def quota_figure(names: Sequence[str], completes: Sequence[int], quotas: Sequence[int]) -> str:
    """Completes of units as bars beside their quotas, the first on top, as the JSON of a plotly figure."""
    figure = go.Figure(
        [
            _bars(gettext("Quota"), quotas, names, QUIET, orientation="h"),
            _bars(gettext("Completes"), completes, names, ACCENT, orientation="h", width=0.45),
        ]
    )
    figure.update_layout(
        _layout(FRAME_PIXELS + ROW_PIXELS * max(1, len(names))),
        xaxis={"gridcolor": LINE, "rangemode": "tozero", "fixedrange": True},
        yaxis={"automargin": True, "autorange": "reversed", "type": "category", "fixedrange": True},
    )
    return figure.to_json()


def calls_figure(labels: Sequence[str], calls: Sequence[int], connected: Sequence[int]) -> str:
    """Calls as columns with those that connected before them, as the JSON of a plotly figure."""
    figure = go.Figure(
        [
            _bars(gettext("Calls"), labels, calls, QUIET),
            _bars(gettext("Connected"), labels, connected, ACCENT, width=0.45),
        ]
    )
    figure.update_layout(
        _layout(COLUMN_PIXELS),
        xaxis={"automargin": True, "type": "category", "fixedrange": True},
        yaxis={"automargin": True, "gridcolor": LINE, "rangemode": "tozero", "fixedrange": True},
    )
    return figure.to_json()


def _bars(name: str, x: Sequence, y: Sequence, color: str, **more) -> go.Bar:
    return go.Bar(name=name, x=list(x), y=list(y), marker={"color": color}, **more)


def _layout(height: int) -> dict:
    return {
        "template": "none",
        "height": height,
        "margin": {"l": 10, "r": 20, "t": 40, "b": 40},
        "barmode": "overlay",
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        "font": {"color": INK, "size": 13},
        "dragmode": False,
    }
