"""Words for codes, in the reader's language, for every page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from flask import Flask
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l

from evalsys.base.clock import local
from evalsys.render.words import BANDS, CHANNELS, EXCLUSIONS, ROLES, VISIBILITIES
from evalsys.units.spreadsheets import N_
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

#: words that refusals put into their sentences: states of a round, and what was to be done
REFUSAL_WORDS = (
    N_("open"),
    N_("committed"),
    N_("drawn"),
    N_("frozen"),
    N_("committing the frame"),
    N_("drawing the sample"),
    N_("releasing a replicate"),
    N_("opening"),
    N_("pausing"),
    N_("resuming"),
    N_("closing"),
    N_("making a work list"),
    N_("making a batch of forms"),
    N_("keying forms"),
    N_("taking results"),
    N_("beginning a shift"),
    N_("recording a re-contact"),
    N_("recording that a call was listened to"),
    N_("voiding an interview"),
    N_("voiding a block"),
    N_("freezing"),
    N_("scoring"),
    N_("publishing"),
    N_("contributing to the seed"),
    N_("repeating the draw"),
)


def translate_values(values: Mapping[str, object]) -> dict[str, object]:
    """What a refusal puts into its sentence, in the reader's language; alternatives are parted by " / "."""
    return {
        name: " / ".join(gettext(part) for part in value.split(" / ")) if isinstance(value, str) and value else value
        for name, value in values.items()
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
    app.add_template_filter(json.loads, "read_json")
    app.jinja_env.globals.update(
        tongue=tongue,
        name_of=name_of,
        outcome_name=outcome_name,
        role_name=lambda code: ROLES.get(code, code),
        state_name=lambda code: STATES.get(code, code),
        exclusion_name=lambda code: EXCLUSIONS.get(code, code),
        channel_name=lambda code: CHANNELS.get(code, code),
        visibility_name=lambda code: VISIBILITIES.get(code, code),
        band_name=lambda code: BANDS.get(code, code),
    )
