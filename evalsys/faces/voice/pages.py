"""Voice pages as TwiML: what is said, and where the keys go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from twilio.twiml.voice_response import Gather, VoiceResponse

LOCALE = {"zh": "zh-CN", "en": "en-GB"}
SILENCE_SECONDS = 5
#: between two keys of one answer, so that a date can be looked up
KEYS_SECONDS = 10
#: how long an interviewer's telephone rings
BRIDGE_SECONDS = 30


@dataclass(frozen=True)
class Speech:
    """Something that is said, and in which language (zh or en); a recording of it is played instead, where there is one.

    rate : percent of the usual speed, ``None`` for the usual. voices : the provider's name of a voice, by language.
    """

    text: str
    language: str
    recording: str = ""
    rate: int | None = None
    voices: Mapping[str, str] = field(default_factory=dict)

    def add_to(self, verb: VoiceResponse | Gather) -> None:
        """Say it within a page or while a key is waited for."""
        if self.recording:
            verb.play(self.recording)
            return
        # A named voice has its language, which the provider may call otherwise (zh-CN, cmn-CN).
        voice = self.voices.get(self.language)
        manner = {"voice": voice} if voice else {"language": LOCALE[self.language]}
        if self.rate is None:
            verb.say(self.text, **manner)
        else:
            verb.say(**manner).prosody(self.text, rate=f"{self.rate}%")


def ask(speeches: Iterable[Speech], action: str, silent: str, *, finish_key: str = "") -> str:
    """Say one thing after another and wait for one key, sent to ``action``; silence goes on to ``silent``.

    finish_key : wait for several keys until this one.
    """
    page = VoiceResponse()
    awaited = {"timeout": KEYS_SECONDS} if finish_key else {"timeout": SILENCE_SECONDS, "num_digits": 1}
    gather = Gather(input="dtmf", action=action, method="POST", finish_on_key=finish_key, **awaited)
    for speech in speeches:
        speech.add_to(gather)
    page.append(gather)
    page.redirect(silent, method="POST")
    return str(page)


def bridge(speech: Speech, number: str, caller_id: str, action: str) -> str:
    """Say ``speech`` and connect the call to ``number``, which sees ``caller_id``; what became of that is sent to ``action``."""
    page = VoiceResponse()
    speech.add_to(page)
    page.dial(number, action=action, method="POST", caller_id=caller_id, timeout=BRIDGE_SECONDS)
    return str(page)


def confer(room: str, *, in_charge: bool = False, muted: bool = False) -> str:
    """Put the call into a conference without a word, a beep or music.

    in_charge : the conference ends when this call does (the interviewer's own telephone). muted : hears and is not heard.
    """
    page = VoiceResponse()
    dial = page.dial()
    dial.conference(
        room,
        beep=False,
        muted=muted,
        start_conference_on_enter=in_charge,
        end_conference_on_exit=in_charge,
        wait_url="",
    )
    return str(page)


def goodbye(*speeches: Speech) -> str:
    """Say what there is to say and hang up."""
    page = VoiceResponse()
    for speech in speeches:
        speech.add_to(page)
    page.hangup()
    return str(page)
