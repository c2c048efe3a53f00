"""Voice pages as TwiML: what is said, and where the keys go."""

from __future__ import annotations

from twilio.twiml.voice_response import Gather, VoiceResponse

VOICE = {"zh": "zh-CN", "en": "en-GB"}
SILENCE_SECONDS = 5


def ask(text: str, language: str, action: str, silent: str, *, notice: str = "") -> str:
    """Say ``text`` (after ``notice``) and wait for one key, sent to ``action``; silence goes on to ``silent``."""
    page = VoiceResponse()
    gather = Gather(input="dtmf", num_digits=1, timeout=SILENCE_SECONDS, action=action, method="POST", finish_on_key="")
    if notice:
        gather.say(notice, language=VOICE[language])
    gather.say(text, language=VOICE[language])
    page.append(gather)
    page.redirect(silent, method="POST")
    return str(page)


def goodbye(text: str, language: str) -> str:
    """Say ``text`` and hang up."""
    page = VoiceResponse()
    if text:
        page.say(text, language=VOICE[language])
    page.hangup()
    return str(page)
