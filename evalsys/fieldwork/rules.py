"""The rules of a round's fieldwork, read once per configuration version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.design.models import Configuration
from evalsys.design.text_message_checks import texts_of
from surveys.fieldwork import CallingHours, Costs, ReleaseRule, RetryRule
from surveys.instrument import Questionnaire
from surveys.instrument.text_messages import measure_texts
from surveys.instrument.wording import fill

#: what the configuration calls a mode → the channel of its attempts
CHANNEL_BY_MODE = {"sms": "sms", "phone": "voice"}
#: what is due next, where a person makes the call; the attempt itself is one of channel ``voice``
INTERVIEWER = "interviewer"
#: what is due next where somebody is to be called, whoever calls
BY_TELEPHONE = ("voice", INTERVIEWER)
#: of the complete interviews, asked again whether they took place where the programme says nothing else
RECONTACT_SHARE = 0.1
_rules: dict[str, FieldRules] = {}


@dataclass(frozen=True)
class FieldRules:
    """What is asked, and by which hours, retries, releases, pace, costs and order of modes."""

    questionnaire: Questionnaire
    hours: CallingHours
    hours_by_county: Mapping[str, CallingHours]
    retry: RetryRule
    release: ReleaseRule
    channels: tuple[str, ...]
    phone_after_message: timedelta
    quality_hold: timedelta
    recontact_share: float
    calls_per_second: float
    calls_per_second_per_number: float | None
    concurrent_calls: int
    caller_ids: tuple[str, ...]
    costs: Costs
    texts: Mapping[str, Mapping[str, str]]
    reminder_after: tuple[timedelta, ...]
    two_way: bool
    segments_at_most: int
    language: str
    stop_words: tuple[str, ...]
    outcome_by_word: Mapping[str, str]
    machine_detection: str
    speech_rate: int | None
    speech_voice: Mapping[str, str]
    web_on_one_page: bool
    web_review: bool
    interviewer_number: str
    interviewer_hours: CallingHours
    calls_by: str = "machine"

    def first_channel(self, arm: str) -> str:
        """What a case of this arm begins with: the random arm swaps the modes."""
        first = self.channels[-1] if arm == "swap" else self.channels[0]
        return self.next_call() if first == "voice" else first

    def next_call(self, *, by_person: bool = False) -> str:
        """Who calls next, ``voice`` (the machine) or ``interviewer``. ``by_person``: where both call, this one is a person's."""
        people = self.calls_by == "interviewers" or (self.calls_by == "both" and by_person)
        return INTERVIEWER if people else "voice"

    def hours_in(self, county: str) -> CallingHours:
        """The calling hours of a county: its own, or those of the programme."""
        return self.hours_by_county.get(county, self.hours)

    def is_open_anywhere(self, at: datetime) -> bool:
        """Whether somebody may be called at this moment."""
        return any(hours.is_open(at) for hours in (self.hours, *self.hours_by_county.values()))

    def next_open_anywhere(self, at: datetime, until: datetime) -> datetime | None:
        """The first moment from ``at`` on, before ``until``, at which somebody may be called; ``None`` if there is none."""
        openings = [hours.next_open(at, until) for hours in (self.hours, *self.hours_by_county.values())]
        return min(filter(None, openings), default=None)

    def text_message(self, name: str, language: str, context: Mapping[str, str]) -> str:
        """A text message as it is sent; ``context`` gives ``unit``, ``link`` and, where it is known, ``month``."""
        text = self.texts[name][language]
        return fill(text, {**self.questionnaire.context[language], **context}, f"sms.{name}")

    def other_channel(self, channel: str) -> str:
        """The channel that follows when ``channel`` has led nowhere; ``""`` where the round has one mode only."""
        return next((other for other in self.channels if other != channel), "")


def find_rules(session: Session, sha256: str) -> FieldRules:
    """The fieldwork rules of the configuration version with that digest, which is read only where this process has not yet."""
    if sha256 not in _rules:
        return rules_of(session.scalars(select(Configuration).where(Configuration.sha256 == sha256)).first())
    return _rules[sha256]


def rules_of(configuration: Configuration) -> FieldRules:
    """The fieldwork rules of a configuration version."""
    if configuration.sha256 not in _rules:
        content = configuration.content
        fieldwork, zone = content["fieldwork"], content["programme"]["time_zone"]
        interviewers = fieldwork.get("interviewers") or {"number": "", "hours": None}
        web = fieldwork.get("web") or {}
        questionnaire, texts = Questionnaire.from_configuration(content), texts_of(fieldwork["sms"])
        lengths = measure_texts(texts, questionnaire.context)
        their_hours = {"calling_hours": interviewers["hours"] or fieldwork["calling_hours"]}
        _rules[configuration.sha256] = FieldRules(
            questionnaire=questionnaire,
            hours=CallingHours.from_configuration(fieldwork, zone),
            hours_by_county=CallingHours.by_county(fieldwork, zone),
            retry=RetryRule.from_configuration(fieldwork),
            release=ReleaseRule.from_configuration(fieldwork),
            channels=tuple(CHANNEL_BY_MODE[mode] for mode in fieldwork["mode_sequence"]),
            phone_after_message=timedelta(hours=fieldwork["phone_after_sms_hours"]),
            quality_hold=timedelta(hours=fieldwork["quality_hold_hours"]),
            recontact_share=(fieldwork.get("quality") or {}).get("recontact_share", RECONTACT_SHARE),
            calls_per_second=fieldwork["calls_per_second"],
            calls_per_second_per_number=fieldwork.get("calls_per_second_per_number"),
            concurrent_calls=fieldwork["concurrent_calls"],
            caller_ids=tuple(fieldwork["caller_ids"]),
            costs=Costs.from_configuration(fieldwork),
            texts=texts,
            reminder_after=tuple(timedelta(days=days) for days in fieldwork["sms"].get("reminder_days") or ()),
            two_way=fieldwork["sms"].get("two_way", False),
            segments_at_most=max(length.segments for length in lengths.values()),
            language=content["programme"]["language"],
            stop_words=tuple(fieldwork["sms"]["stop_words"]),
            outcome_by_word=(fieldwork.get("call_centre") or {}).get("outcomes", {}),
            machine_detection=fieldwork.get("machine_detection", "on"),
            speech_rate=fieldwork.get("speech_rate"),
            speech_voice=fieldwork.get("speech_voice") or {},
            web_on_one_page=web.get("layout") == "single",
            web_review=web.get("review", False),
            interviewer_number=interviewers["number"],
            interviewer_hours=CallingHours.from_configuration(fieldwork | their_hours, zone),
            calls_by=fieldwork.get("calls_by", "machine"),
        )
    return _rules[configuration.sha256]
