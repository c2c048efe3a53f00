"""Voice pages as TwiML: what is said, and where the keys go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from twilio.twiml.voice_response import Gather, VoiceResponse

VOICE = {"zh": "zh-CN", "en": "en-GB"}
SILENCE_SECONDS = 5


class Speech(NamedTuple):
    """Something that is said, and in which language (zh or en)."""

    text: str
    language: str


def ask(speeches: Iterable[Speech], action: str, silent: str) -> str:
    """Say one thing after another and wait for one key, sent to ``action``; silence goes on to ``silent``."""
    page = VoiceResponse()
    gather = Gather(input="dtmf", num_digits=1, timeout=SILENCE_SECONDS, action=action, method="POST", finish_on_key="")
    for speech in speeches:
        _say(gather, speech)
    page.append(gather)
    page.redirect(silent, method="POST")
    return str(page)


def goodbye(*speeches: Speech) -> str:
    """Say what there is to say and hang up."""
    page = VoiceResponse()
    for speech in speeches:
        _say(page, speech)
    page.hangup()
    return str(page)


def _say(verb: VoiceResponse | Gather, speech: Speech) -> None:
    verb.say(speech.text, language=VOICE[speech.language])
