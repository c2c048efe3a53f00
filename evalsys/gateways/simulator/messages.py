"""The life of a text message: on its way to the citizen, and what the citizen does with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urljoin

from evalsys.gateways.simulator.hearing import Form, parse_form
from evalsys.gateways.simulator.lives import PATIENCE_PAGES, Contact, World
from evalsys.gateways.simulator.population import Citizen

#: the provider's code for a handset that cannot be reached
UNREACHABLE = 30003
LINK = re.compile(r"https?://[^\s，。]+/q/[a-z2-7]+")
#: what a citizen writes who wants no more messages, and how long that takes
OPT_OUT_WORD = "退订"
REPLIES_AFTER = timedelta(minutes=5)


def live_message(message: Contact, world: World) -> Iterator[datetime]:
    """A text message from the queue to the citizen, and what the citizen does with its link."""
    at = message.created_at
    yield (at := at + timedelta(seconds=2))
    world.report(message, "sent", at, {})
    citizen = world.population.find(message.to)
    plan = world.population.plan_message(citizen) if citizen else None
    yield (at := at + timedelta(seconds=4))
    message.ended_at = at
    if plan is None or not plan.delivered:
        message.error_code = UNREACHABLE
        world.report(message, "undelivered", at, {"ErrorCode": str(UNREACHABLE)})
        return
    world.report(message, "delivered", at, {})
    link = LINK.search(message.body)
    if plan.scanner and link:
        yield (at := at + timedelta(seconds=30))
        for _ in range(2):
            world.wire.browse("GET", link.group())
    if plan.opts_out and world.inbound_url:
        yield (at := at + REPLIES_AFTER)
        world.count("replies")
        world.wire.post(world.inbound_url, _reply_form(message, world.account_sid))
    if plan.opens and link:
        yield max(at, message.ended_at + timedelta(minutes=plan.opens_after_minutes))
        visit(link.group(), citizen, plan.leaves_after, world)


def visit(link: str, citizen: Citizen, leaves_after: int | None, world: World) -> int:
    """Fill in the web questionnaire page by page; how many answers were sent."""
    page = world.wire.browse("GET", link)
    sent = 0
    for _ in range(PATIENCE_PAGES):
        world.count("web pages" if page.status == 200 else "web pages failed")
        form = parse_form(page.text) if page.status == 200 else None
        if form is None or (leaves_after is not None and sent >= leaves_after):
            break
        fields = _fill_in(form, page.address, citizen, world)
        if fields is None:
            break
        sent += bool(form.radios or form.textarea)
        page = world.wire.browse("POST", urljoin(page.address, form.action), fields)
    return sent


def _fill_in(form: Form, address: str, citizen: Citizen, world: World) -> dict[str, str] | None:
    """What the citizen sends with a form; ``None`` where they do not understand it."""
    fields = dict(form.fields)
    if form.button and form.button[0]:
        fields[form.button[0]] = form.button[1]
    if not (form.radios or form.textarea):
        return fields
    if len(form.radios) > 1:
        return fields | _fill_in_all(form, citizen, world)
    heard = world.hearing.recognise_page(form, address)
    if heard is None:
        return None
    code, language = heard
    value = world.population.answer(citizen, code)
    if form.textarea and not form.radios:
        return fields | {form.textarea: value}
    chosen = world.hearing.radio_for(form, code, value, language)
    return None if chosen is None else fields | dict([chosen])


def _fill_in_all(form: Form, citizen: Citizen, world: World) -> dict[str, str]:
    """What the citizen sends with a page that puts several questions: the names of its fields begin with their codes."""
    sent = {}
    for name, options in form.radios.items():
        code = name.rpartition("-")[0]
        value = world.population.answer(citizen, code)
        chosen = world.hearing.radio_for(replace(form, radios={name: options}), code, value, form.language)
        sent |= dict([chosen] if chosen else [])
    if form.textarea:
        sent[form.textarea] = world.population.answer(citizen, form.textarea.rpartition("-")[0])
    return sent


def _reply_form(message: Contact, account_sid: str) -> dict[str, str]:
    """The parameters with which the provider passes on what a citizen wrote back."""
    # The number of the message it answers, with the first bit set: no message of ours has that.
    sid = f"SM{int(message.sid[2:], 16) | 1 << 127:032x}"
    return {
        "AccountSid": account_sid,
        "ApiVersion": "2010-04-01",
        "Body": OPT_OUT_WORD,
        "From": message.to,
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": message.sender,
    }
