"""Words for codes, in the reader's language, for every page."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l

from evalsys.base.clock import local
from evalsys.render.words import BANDS, CHANNELS, EXCLUSIONS, VISIBILITIES
from surveys.fieldwork import OUTCOMES

STATES = {
    "draft": _l("draft"),
    "committed": _l("frame committed"),
    "drawn": _l("sample drawn"),
    "open": _l("in the field"),
    "paused": _l("paused"),
    "closed": _l("closed"),
    "frozen": _l("answers frozen"),
    "published": _l("published"),
}


def tongue() -> str:
    """The page's language as configuration documents and outcome tables write it: zh or en."""
    return "en" if str(get_locale()) == "en" else "zh"


def outcome_name(code: str) -> str:
    """An outcome code with its name; the empty code is a case still worked on."""
    if not code:
        return gettext("still worked on")
    found = OUTCOMES[code]
    return f"{code} {found.name_en if tongue() == 'en' else found.name_zh}"


def name_of(thing) -> str:
    """The name of a unit, round, area or programme in the page's language."""
    return thing.name_en if tongue() == "en" else thing.name_zh


def moment(at: datetime | None) -> str:
    """A time as a person in the programme's zone reads it."""
    return "" if at is None else f"{local(at):%Y-%m-%d %H:%M}"


def add_words(app: Flask) -> None:
    """Give the words to every template."""
    app.add_template_filter(moment)
    app.jinja_env.globals.update(
        tongue=tongue,
        name_of=name_of,
        outcome_name=outcome_name,
        state_name=lambda code: STATES.get(code, code),
        exclusion_name=lambda code: EXCLUSIONS.get(code, code),
        channel_name=lambda code: CHANNELS.get(code, code),
        visibility_name=lambda code: VISIBILITIES.get(code, code),
        band_name=lambda code: BANDS.get(code, code),
    )
