"""The words for the codes in published data: nothing on a page or sheet shows a raw code."""

from __future__ import annotations

from fractions import Fraction

from flask_babel import get_locale, lazy_gettext

EXCLUSIONS = {
    "invalid_number": lazy_gettext("not a telephone number"),
    "landline": lazy_gettext("landline"),
    "foreign": lazy_gettext("foreign number"),
    "premium": lazy_gettext("premium or service number"),
    "staff_number": lazy_gettext("number of the unit's own staff"),
    "opt_out": lazy_gettext("asked not to be contacted"),
    "earlier_respondent": lazy_gettext("answered earlier this year"),
    "missing_service_date": lazy_gettext("no date of service"),
    "outside_period": lazy_gettext("served outside the period"),
    "duplicate": lazy_gettext("the same person again"),
    "contact_cap": lazy_gettext("asked about another unit"),
}
KINDS = {"mid_year": lazy_gettext("Mid-year"), "year_end": lazy_gettext("Year-end")}
ROLES = {
    "designer": lazy_gettext("survey designer"),
    "commission": lazy_gettext("commission staff"),
    "interviewer": lazy_gettext("interviewer"),
    "keyer": lazy_gettext("keyer of paper forms"),
    "department": lazy_gettext("department liaison"),
    "supervisor": lazy_gettext("special supervisor"),
    "auditor": lazy_gettext("auditor"),
    "administrator": lazy_gettext("system administrator"),
    "security": lazy_gettext("security officer"),
}
CHANNELS = {
    "web": lazy_gettext("web"),
    "voice": lazy_gettext("telephone"),
    "phone": lazy_gettext("telephone"),
    "interviewer": lazy_gettext("interviewer"),
    "paper": lazy_gettext("paper"),
    "sms": lazy_gettext("text message"),
    "": lazy_gettext("none"),
}
#: how a form on paper came back, or what became of it
SAID = {
    "filled": lazy_gettext("Filled in"),
    "broken_off": lazy_gettext("Broken off; the rest may be asked by telephone"),
    "blank": lazy_gettext("Blank"),
    "refused": lazy_gettext("Not taking part"),
    "never_again": lazy_gettext("Never to be contacted again"),
    "not_returned": lazy_gettext("Handed out and not returned"),
    "not_handed_out": lazy_gettext("Not handed out"),
}
HEAD_NAMES = {
    "number": lazy_gettext("form number"),
    "authority": lazy_gettext("issuing authority"),
    "approval": lazy_gettext("approval number"),
    "valid_until": lazy_gettext("valid until"),
}
VISIBILITIES = {
    "nothing": lazy_gettext("not shown: too few answers"),
    "internal": lazy_gettext("inside the commission only: few answers"),
    "score": lazy_gettext("score and interval, no grade or rank"),
    "full": lazy_gettext("complete"),
}
BANDS = {
    "much_better": lazy_gettext("much better than the category"),
    "better": lazy_gettext("better than the category"),
    "as_expected": lazy_gettext("as the category"),
    "worse": lazy_gettext("worse than the category"),
    "much_worse": lazy_gettext("much worse than the category"),
}
RATES = {
    "response": lazy_gettext("Response rate"),
    "resolution": lazy_gettext("Resolution rate"),
    "satisfaction": lazy_gettext("Satisfaction rate"),
}
AAPOR_RATES = {
    "e": lazy_gettext("e: estimated share of eligible cases among the unknown"),
    "RR1": lazy_gettext("RR1: completes over all that may be eligible"),
    "RR2": lazy_gettext("RR2: as RR1, partial interviews included"),
    "RR3": lazy_gettext("RR3: as RR1, unknown cases at the share e"),
    "RR4": lazy_gettext("RR4: as RR3, partial interviews included"),
    "RR5": lazy_gettext("RR5: completes over the known eligible"),
    "RR6": lazy_gettext("RR6: as RR5, partial interviews included"),
    "COOP1": lazy_gettext("COOP1: completes over all who were reached"),
    "COOP2": lazy_gettext("COOP2: as COOP1, partial interviews included"),
    "COOP3": lazy_gettext("COOP3: completes over all who were reached and able"),
    "COOP4": lazy_gettext("COOP4: as COOP3, partial interviews included"),
    "REF1": lazy_gettext("REF1: refusals over all that may be eligible"),
    "REF2": lazy_gettext("REF2: as REF1, unknown cases at the share e"),
    "REF3": lazy_gettext("REF3: refusals over the known eligible"),
    "CON1": lazy_gettext("CON1: reached over all that may be eligible"),
    "CON2": lazy_gettext("CON2: as CON1, unknown cases at the share e"),
    "CON3": lazy_gettext("CON3: reached over the known eligible"),
}
NOTES = {
    "no-error": lazy_gettext("No standard error can be computed; the score stays internal."),
    "no-survey": lazy_gettext("No survey score."),
    "no-hotline": lazy_gettext("No hotline score; the survey carries the whole weight."),
    "hotline-of-category": lazy_gettext("A hotline rate without orders of the unit's own is that of the category."),
    "missing-group": lazy_gettext("No answers of an evaluator group; the weights of the others were renormalised."),
    "missing-indicator": lazy_gettext("No answers to an indicator; the weights of the others were renormalised."),
    "missing-cell": lazy_gettext("A group did not rate an indicator; the other groups stand for it."),
    "missing-rate": lazy_gettext("A hotline rate is missing; the weights of the others were renormalised."),
}
DISCLOSURE = {
    "sponsor": lazy_gettext("Sponsor"),
    "conductor": lazy_gettext("Conducted by"),
    "wording": lazy_gettext("Questions asked"),
    "population": lazy_gettext("Population and frame"),
    "frame_supplier": lazy_gettext("Who supplied the frame"),
    "design": lazy_gettext("Sample design"),
    "modes": lazy_gettext("Ways of asking"),
    "dates": lazy_gettext("Fieldwork"),
    "precision": lazy_gettext("Sample size and precision"),
    "weighting": lazy_gettext("Weighting"),
    "quality": lazy_gettext("Quality checks"),
    "limitations": lazy_gettext("Limitations"),
    "outcomes": lazy_gettext("Outcomes of all released cases"),
    "configuration_sha256": lazy_gettext("Configuration (SHA-256)"),
    "revisions": lazy_gettext("Revisions"),
}
FACTS = {
    "base-weight": lazy_gettext("Base weight: records of the stratum over cases released in it."),
    "class-nonresponse": lazy_gettext("Within each stratum those who answered stand for those who did not."),
    "eligibility": lazy_gettext("Cases of unknown eligibility count at the share that is eligible among the known."),
    "fpc": lazy_gettext("Intervals take into account that the frame is finite."),
    "fixed-factors": lazy_gettext("Weights of indicators, groups and methods were fixed before the fieldwork."),
    "committed-draw": lazy_gettext(
        "The frame was committed before the seed could be known; anyone can repeat the draw."
    ),
    "sealed-batches": lazy_gettext(
        "Answers were cut off from contacts and kept without name, number, time"
        " or order, at least ten of a unit at once while fieldwork lasted."
    ),
    "balance": lazy_gettext("Cases and stored answers were balanced before anything was frozen."),
    "sample-only": lazy_gettext(
        "Only drawn people were asked, each with a link or call of their own; there is no open link."
    ),
    "frame-coverage": lazy_gettext("People missing from the service records cannot be drawn."),
    "nonresponse": lazy_gettext("People who did not answer may differ from those who did."),
    "mode": lazy_gettext("Answers by telephone and on the web may differ; no correction is made."),
    "hotline-variance": lazy_gettext("The interval covers the survey score only, not the hotline's."),
    "adjusted-lonely": lazy_gettext("A stratum with one answer contributes its distance from the mean of all."),
}
#: what the disclosure stores where nobody gave a reason
FIRST_PUBLICATION = lazy_gettext("first publication")
HIDDEN = "—"


def content_language() -> str:
    """The key of bilingual content (``zh`` or ``en``) for the page's language."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"


def name_in_language(thing) -> str:
    """The name of a thing: a table ``{zh, en}``, one that has such a ``name``, or an object with ``name_zh`` and ``name_en``."""
    language = content_language()
    if isinstance(thing, dict):
        return thing.get("name", thing)[language]
    return getattr(thing, f"name_{language}")


def describe_note(note: str) -> str:
    """A note of a score row as a sentence, with the codes it is about behind it."""
    key, _, about = note.partition(":")
    sentence = str(NOTES.get(key, key))
    return f"{sentence} ({about})" if about else sentence


def show_share(value: float | str | None, places: int = 1) -> str:
    """A share 0–1 as a percentage, or a dash; a fraction such as ``3/10`` is understood."""
    return HIDDEN if value is None else f"{100 * float(Fraction(str(value))):.{places}f}%"


def show_number(value: float | str | None, places: int = 2) -> str:
    """A number with ``places`` decimals, or a dash."""
    return HIDDEN if value is None or value == "" else f"{float(value):.{places}f}"


def show_count(value: int | None) -> str:
    """A count with thousands apart, or a dash."""
    return HIDDEN if value is None else f"{value:,}"
