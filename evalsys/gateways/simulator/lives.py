"""The life of a call: a generator that does something, then says when it goes on; and what calls and messages share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

import structlog

from evalsys.gateways.simulator.hearing import Hearing
from evalsys.gateways.simulator.population import CallPlan, Citizen, Population
from evalsys.gateways.simulator.twiml import TwimlError, Verb, read_page
from evalsys.gateways.simulator.wire import Wire

log = structlog.get_logger()
#: how fast a recorded voice reads, characters a second
READING = 6.0
PATIENCE_PAGES = 60
HANG_UP = "hang up"
#: how long a call that is connected to another number goes on
BRIDGED = timedelta(minutes=3)
#: how long somebody stays in a conference, by what they are and want; and how often it is looked whether they were hung up
STAYS = {
    "answers": timedelta(minutes=15),
    "declines": timedelta(minutes=1),
    "opts_out": timedelta(minutes=1),
    "hangs_up": timedelta(seconds=10),
    "machine": timedelta(seconds=30),
    "at work": timedelta(hours=12),
}
LISTENS = timedelta(seconds=2)
#: how somebody at work takes a call
AT_WORK = CallPlan("at work", 2.0, "", None, None, 0, 0.0)
#: how long the provider listens until it knows a machine from a human
DETECTION = timedelta(seconds=4)


@dataclass(slots=True)
class Contact:
    """A call or message as the provider keeps it; ``held`` are callbacks that a fault keeps back for a while.

    ``room``: the conference that a call is in. ``ending``: it is being hung up, by request or because its conference has ended.
    """

    kind: str
    to: str
    sender: str
    created_at: datetime
    status_callback: str = ""
    url: str = ""
    body: str = ""
    events: tuple[str, ...] = ("completed",)
    detect_machine: bool = False
    detect_async: bool = False
    machine_callback: str = ""
    sid: str = ""
    status: str = "queued"
    answered_by: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    try_number: int = 1
    sequence: int = 0
    error_code: int | None = None
    held: list[dict[str, str]] = field(default_factory=list)
    room: str = ""
    ending: bool = False

    @property
    def begun_at(self) -> datetime | None:
        """When the provider turned to it; ``None`` while it waits in the queue."""
        return None if self.status == "queued" else self.created_at

    @property
    def duration(self) -> int:
        """Connected seconds, as billed."""
        if not (self.started_at and self.ended_at):
            return 0
        return max(1, round((self.ended_at - self.started_at).total_seconds()))


@dataclass(frozen=True)
class World:
    """What a life needs: the wire to the product, the citizens, and where it reports statuses and counts.

    ``plan_call``: how a try at a citizen goes, faults included.
    ``inbound_url`` is where the provider posts what citizens write; where it is empty nobody writes. ``staff``: telephones of people
    at work, which are answered at once and kept on the line. ``rooms``: who is in which conference.
    """

    account_sid: str
    wire: Wire
    population: Population
    hearing: Hearing
    report: Callable[[Contact, str, datetime, dict[str, str]], None]
    count: Callable[..., None]
    plan_call: Callable[[Citizen, int], CallPlan]
    inbound_url: str = ""
    staff: set[str] = field(default_factory=set)
    rooms: dict[str, list[Contact]] = field(default_factory=dict)


def live_call(call: Contact, world: World) -> Iterator[datetime]:
    """A call from its first ring to its end; yields the moment of what comes next."""
    at = call.created_at
    world.report(call, "initiated", at, {})
    yield (at := at + timedelta(seconds=1))
    citizen = world.population.find(call.to)
    plan = world.plan_call(citizen, call.try_number) if citizen else None
    if call.to in world.staff:
        citizen, plan = None, AT_WORK
    if plan is None or plan.kind == "dead":
        call.ended_at = at
        world.report(call, "failed", at, {"SipResponseCode": "404"})
        return
    world.report(call, "ringing", at, {})
    yield (at := at + timedelta(seconds=plan.ring_seconds))
    if plan.kind in ("busy", "no_answer"):
        call.ended_at = at
        world.report(call, plan.kind.replace("_", "-"), at, {"CallDuration": "0"})
        return
    call.started_at = at
    if call.detect_machine and not call.detect_async:
        call.answered_by = _detect(plan)
    world.report(call, "in-progress", at, {})
    hung_up_at = at
    for hung_up_at in _talk(call, citizen, plan, world, at):
        yield hung_up_at
    call.ended_at = hung_up_at
    world.report(call, "completed", hung_up_at, {"CallDuration": str(call.duration)})


def _talk(call: Contact, citizen: Citizen | None, plan: CallPlan, world: World, at: datetime) -> Iterator[datetime]:
    """Fetch voice pages, hear them out and press keys until somebody hangs up; yields the end of each page."""
    person = Person(citizen, plan, world)
    request: Request | None = (call.url, {})
    known_at = at + DETECTION if call.detect_machine and call.detect_async else None
    for _ in range(PATIENCE_PAGES):
        verbs = _fetch(call, world, *request)
        if not verbs:
            return
        seconds, request = _hear(verbs, person)
        end = at + timedelta(seconds=seconds)
        if known_at and known_at <= end:
            yield known_at
            _tell_detected(call, plan, world)
            known_at = None
        yield (at := end)
        if request is None:
            yield from _confer(call, next((verb for verb in verbs if verb.room), None), plan, world, at)
            return


def _confer(call: Contact, dial: Verb | None, plan: CallPlan, world: World, at: datetime) -> Iterator[datetime]:
    """Be in a conference, if the page put the call into one: until hung up, the conference ends, or the person has had enough."""
    if dial is None:
        return
    call.room = dial.room
    world.rooms.setdefault(dial.room, []).append(call)
    leaves_at = at + STAYS[plan.cooperation if plan.kind == "human" else plan.kind]
    while not call.ending and at < leaves_at:
        yield (at := at + LISTENS)
    call.room = ""
    others = world.rooms[dial.room]
    others.remove(call)
    for other in others if dial.in_charge else ():
        other.ending = True


def _detect(plan: CallPlan) -> str:
    return "machine_start" if plan.kind == "machine" else "human"


def _tell_detected(call: Contact, plan: CallPlan, world: World) -> None:
    """Who answered, told while the call goes on; from now on every request about it says so too."""
    call.answered_by = _detect(plan)
    if call.machine_callback:
        world.count("machine callbacks")
        form = {
            "AccountSid": world.account_sid,
            "AnsweredBy": call.answered_by,
            "CallSid": call.sid,
            "MachineDetectionDuration": str(round(DETECTION.total_seconds() * 1000)),
        }
        world.wire.post(call.machine_callback, form)


#: where a call goes on, and what it brings along besides its own parameters
Request = tuple[str, dict[str, str]]


def _fetch(call: Contact, world: World, address: str, digits: dict[str, str]) -> list[Verb]:
    """The verbs of a voice page; none where it cannot be played, and the log says why."""
    answer = world.wire.post(address, call_form(call, world.account_sid, "in-progress") | digits)
    world.count("voice pages", answer.seconds)
    if answer.status != 200:
        return _give_up(call, world, f"The page answered {answer.status}.")
    try:
        return [_play(verb, world.hearing) for verb in read_page(answer.text, answer.address)]
    except TwimlError as error:
        return _give_up(call, world, str(error))


def _play(verb: Verb, hearing: Hearing) -> Verb:
    """A verb with what is heard in the recordings that it plays."""
    return (
        replace(verb, text=verb.text + "".join(map(hearing.transcribe, verb.recordings))) if verb.recordings else verb
    )


def _give_up(call: Contact, world: World, why: str) -> list[Verb]:
    world.count("voice pages failed")
    log.warning("voice page cannot be played", sid=call.sid, why=why)
    return []


def _hear(verbs: list[Verb], person: Person) -> tuple[float, Request | None]:
    """Hear a page out: how long that takes, and where the call goes on; nowhere when somebody hangs up."""
    seconds = 0.0
    for verb in verbs:
        seconds += _length(verb)
        if verb.name == "Hangup":
            return seconds, None
        if verb.name == "Redirect":
            return seconds, (verb.url, {})
        if verb.room:
            return seconds, None
        if verb.name == "Dial":
            # Whoever is called answers and talks for a while, then hangs up; without an action the page goes on.
            seconds += BRIDGED.total_seconds()
            if verb.url:
                return seconds, (verb.url, {"DialCallStatus": "completed", "DialCallDuration": str(BRIDGED.seconds)})
        if verb.name != "Gather":
            continue
        act, thinking = person.hear(verb.text)
        seconds += thinking
        if act == HANG_UP:
            return seconds, None
        if act:
            return seconds, (verb.url, {"Digits": act, "FinishedOnKey": ""})
        seconds += verb.timeout
        if verb.calls_on_silence:
            return seconds, (verb.url, {"Digits": "", "FinishedOnKey": ""})
    return seconds, None


def call_form(call: Contact, account_sid: str, status: str) -> dict[str, str]:
    """The parameters that every request about a call carries."""
    form = {
        "AccountSid": account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": call.sid,
        "CallStatus": status,
        "Direction": "outbound-api",
        "From": call.sender,
        "To": call.to,
    }
    return form | ({"AnsweredBy": call.answered_by} if call.answered_by else {})


def status_form(contact: Contact, status: str, at: datetime, account_sid: str) -> dict[str, str]:
    """The parameters of a status callback; a call's callbacks are numbered from 0."""
    if contact.kind == "message":
        return {
            "AccountSid": account_sid,
            "ApiVersion": "2010-04-01",
            "From": contact.sender,
            "MessageSid": contact.sid,
            "MessageStatus": status,
            "SmsSid": contact.sid,
            "SmsStatus": status,
            "To": contact.to,
        }
    contact.sequence += 1
    return call_form(contact, account_sid, status) | {
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(contact.sequence - 1),
        "Timestamp": format_datetime(at),
    }


def _length(verb: Verb) -> float:
    return verb.timeout if verb.name == "Pause" else len(verb.text) / READING


class Person:
    """A citizen on the telephone: hears a text, finds the key for what they think, and has their moments."""

    def __init__(self, citizen: Citizen, plan: CallPlan, world: World) -> None:
        self._citizen, self._plan, self._world = citizen, plan, world
        self._answered = 0
        self._slipped = False

    def hear(self, text: str) -> tuple[str, float]:
        """The key pressed (``""``: none, or ``HANG_UP``), and after how many seconds."""
        if self._plan.kind != "human":
            return "", 0.0
        heard = self._world.hearing.recognise(text)
        if heard is None:
            return "", 0.0
        code, language = heard
        if code == "CONSENT":
            return self._decide(text, language)
        if self._plan.break_off_after is not None and self._answered >= self._plan.break_off_after:
            return HANG_UP, 1.0
        if self._plan.slip and not self._slipped and self._answered == self._plan.slip_at:
            self._slipped = True
            return (self._world.hearing.wrong_key(text), 2.0) if self._plan.slip == "wrong_key" else ("", 0.0)
        value = self._world.population.answer(self._citizen, code)
        self._answered += 1
        return self._world.hearing.key_for(text, code, value, language) or "", self._plan.seconds_per_answer

    def _decide(self, text: str, language: str) -> tuple[str, float]:
        if self._plan.cooperation == "hangs_up":
            return HANG_UP, 2.0
        value = {"answers": "1", "declines": "2", "opts_out": "3"}[self._plan.cooperation]
        return self._world.hearing.key_for(text, "CONSENT", value, language) or "", self._plan.seconds_per_answer


def provider_date(at: datetime | None) -> str | None:
    """A moment as the provider writes it (RFC 2822)."""
    return None if at is None else format_datetime(at)
