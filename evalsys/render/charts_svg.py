"""Small charts as SVG for paper: points with the lines of their intervals, on one scale."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

INK, LINE, ACCENT, QUIET = "#1a2430", "#c3ccd6", "#0b5cad", "#4a5766"
NAME_WIDTH, PLOT_WIDTH, MARGIN, ROW = 190, 400, 14, 20
NAME_LETTERS = {"zh": 15, "en": 32}


@dataclass(frozen=True)
class Point:
    """One line of a chart.

    low, high : its interval. mark : a second value to compare with. strong : the line that the page is about.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    mark: float | None = None
    strong: bool = False


def points_chart(
    points: Sequence[Point], *, middle: float | None = None, language: str = "zh", row: int = ROW
) -> Markup:
    """The points below each other on a scale of round tens that holds them all. ``middle``: a dotted line. Nothing for no points."""
    if not points:
        return Markup("")
    values = [
        value
        for point in points
        for value in (point.value, point.low, point.high, point.mark, middle)
        if value is not None
    ]
    low, high = max(0, 10 * int(min(values) // 10)), min(100, 10 * (int(max(values) // 10) + 1))

    def x(value: float) -> float:
        return round(NAME_WIDTH + (min(max(value, low), high) - low) / (high - low) * PLOT_WIDTH, 1)

    bottom = row * len(points) + MARGIN
    parts = [_scale(x, low, high, bottom)]
    if middle is not None:
        parts.append(_line(x(middle), MARGIN / 2, x(middle), bottom, INK, dash="2 3"))
    for number, point in enumerate(points):
        parts.append(_point(point, x, MARGIN + row * number + row / 2, NAME_LETTERS[language]))
    width = NAME_WIDTH + PLOT_WIDTH + 2 * MARGIN
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" height="{}" font-family="Noto Sans CJK SC"'
        ' font-size="11">{}</svg>'
    ).format(width, bottom + 22, width, bottom + 22, Markup("").join(parts))


def _scale(x, low: int, high: int, bottom: float) -> Markup:
    return Markup("").join(
        _line(x(tick), MARGIN / 2, x(tick), bottom, LINE)
        + Markup('<text x="{}" y="{}" text-anchor="middle" fill="{}">{}</text>').format(
            x(tick), bottom + 15, QUIET, tick
        )
        for tick in range(low, high + 1, 10)
    )


def _point(point: Point, x, y: float, letters: int) -> Markup:
    colour = ACCENT if point.strong else QUIET
    name = textwrap.shorten(point.name, letters, placeholder="…") if " " in point.name else point.name[:letters]
    parts = [
        Markup('<text x="{}" y="{}" text-anchor="end" fill="{}"{}>{}</text>').format(
            NAME_WIDTH - 8, y + 4, INK, Markup(' font-weight="bold"') if point.strong else "", name
        )
    ]
    if point.low is not None and point.high is not None:
        parts.append(_line(x(point.low), y, x(point.high), y, colour, width=2))
    if point.mark is not None:
        parts.append(_line(x(point.mark), y - 6, x(point.mark), y + 6, INK, width=2))
    parts.append(Markup('<circle cx="{}" cy="{}" r="4" fill="{}"/>').format(x(point.value), y, colour))
    return Markup("").join(parts)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1, dash: str = "") -> Markup:
    dashed = Markup(' stroke-dasharray="{}"').format(dash) if dash else ""
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{}"{}/>').format(
        x1, y1, x2, y2, colour, width, dashed
    )
