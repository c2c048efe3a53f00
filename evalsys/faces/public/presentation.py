"""What every template may use: words for codes, numbers as people read them, the banner, and who sees which way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from flask import Flask, request
from flask_babel import format_date, gettext
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from evalsys.accounts.permissions import is_allowed
from evalsys.base.database import db
from evalsys.design.models import Configuration, Programme
from evalsys.design.programme_problems import FileProblem
from evalsys.fieldwork.result_lines import SENTENCES as RESULT_SENTENCES
from evalsys.hotline.actions import SENTENCES as ORDER_SENTENCES
from evalsys.render import words
from evalsys.render.arrangement import BANDS, ORDERS
from evalsys.samples.imports import SENTENCES as RECORD_SENTENCES
from evalsys.units.import_rows import ROW_SENTENCES, RowProblem

LINE_SENTENCES = {**ROW_SENTENCES, **RECORD_SENTENCES, **ORDER_SENTENCES, **RESULT_SENTENCES}
_banners: dict[str, dict | None] = {}


def equip_templates(app: Flask) -> None:
    """Give templates their filters and globals."""
    app.jinja_env.filters.update(
        in_language=words.name_in_language,
        share=words.show_share,
        number=words.show_number,
        count=words.show_count,
        note=words.describe_note,
        day=show_day,
        last_day=show_last_day,
        problem_sentence=describe_problem,
        said=translate_sentence,
    )
    app.jinja_env.globals.update(
        words=words,
        orders=ORDERS,
        bands=BANDS,
        find_banner=find_banner,
        list_ways=list_ways,
        described=describe_field,
        may=may,
        address_in=address_in,
    )


def show_day(value: date | datetime) -> str:
    """A day in the reader's language; of a time, the day in the programme's zone."""
    return format_date(value, "long" if words.content_language() == "zh" else "medium")


def show_last_day(value: datetime) -> str:
    """The last day of a period that ends at this midnight."""
    return show_day(value - timedelta(seconds=1))


def may(permission: str) -> bool:
    """Whether the reader may use views that state ``permission``."""
    return is_allowed(current_user, permission)


def list_ways() -> Iterator[tuple[str, str]]:
    """The entries of the main navigation that this reader may follow: endpoint and label."""
    yield "public.list_results", gettext("Results")
    yield "public.show_verification", gettext("How to check")
    if may("design.read"):
        yield "designer.list_all", gettext("Design")
    if may("fieldwork.read"):
        yield "commission.list_all", gettext("Fieldwork")
    if may("interview.conduct"):
        yield "interviewer.desk", gettext("Interviewing")
    if may("paper.key"):
        yield "paper_keying.show_work", gettext("Keying forms")
    if may("paper.sign"):
        yield "paper.show_signing", gettext("Signing forms on paper")
    if may("department.read"):
        yield "department.list_all", gettext("Our unit")
    if may("oversight.observe"):
        yield "supervisor.list_all", gettext("Supervision")
    if may("oversight.audit"):
        yield "auditor.show_log", gettext("Log of acts")
    if may("accounts.read"):
        yield "accounts.list_all", gettext("Accounts")


def address_in(language: str) -> str:
    """This page in another language."""
    return "?" + urlencode({**request.args, "lang": language})


def find_banner() -> dict | None:
    """The notice of the latest programme's configuration, for the top of every page."""
    try:
        sha256 = db.session.scalar(
            select(Configuration.sha256)
            .join(Programme, Programme.id == Configuration.programme_id)
            .order_by(Programme.year.desc(), Configuration.id.desc())
            .limit(1)
        )
        if sha256 is None:
            return None
        if sha256 not in _banners:
            content = db.session.scalar(select(Configuration.content).where(Configuration.sha256 == sha256).limit(1))
            _banners[sha256] = content["programme"].get("banner")
    except SQLAlchemyError:
        # The page that says what is wrong with the database must not fail over its own decoration.
        db.session.rollback()
        return None
    banner = _banners[sha256]
    return banner if banner and any(banner.values()) else None


def describe_field(item, hint: str = "") -> dict[str, str]:
    """The attributes that tie a field to its hint and its errors for people who hear the page."""
    ids = [f"{item.id}-hint"] if hint else []
    ids += [f"{item.id}-error"] if item.errors else []
    attributes = {"aria-describedby": " ".join(ids)} if ids else {}
    return attributes | ({"aria-invalid": "true"} if item.errors else {})


def describe_problem(problem) -> str:
    """What is wrong with a line or a key of a file, in the reader's language."""
    if isinstance(problem, RowProblem):
        return problem.sentence(LINE_SENTENCES, gettext)
    return problem.sentence(gettext) if isinstance(problem, FileProblem) else str(problem)


def translate_sentence(text: str) -> str:
    """A stored sentence in the reader's language, where the catalogue knows it; templates' own ``_`` is for literals only."""
    return gettext(text)
