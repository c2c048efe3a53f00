"""Reading voice pages: the verbs of TwiML that a call can meet, in order."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

#: what the simulator can play; another verb is an error, as it would be with a provider that does not know it
KNOWN = ("Say", "Play", "Pause", "Gather", "Redirect", "Dial", "Hangup")


class TwimlError(Exception):
    """A voice page that a provider could not play (its error 12100 or 12200)."""


@dataclass(frozen=True)
class Verb:
    """One verb: what is heard, where keys go, how long it waits, whether silence is sent as well, what is played meanwhile.

    ``room``: the conference that the call is put into; ``in_charge``: which ends when this call does.
    """

    name: str
    text: str = ""
    url: str = ""
    timeout: float = 5.0
    calls_on_silence: bool = False
    recordings: tuple[str, ...] = ()
    room: str = ""
    in_charge: bool = False


def read_page(document: str, address: str) -> list[Verb]:
    """The verbs of the page fetched from ``address``; relative addresses are made whole.

    Raises ``TwimlError`` for a page that is not well-formed, is no ``<Response>``, or has an unknown verb.
    """
    try:
        root = fromstring(document)
    except (ParseError, DefusedXmlException) as error:
        raise TwimlError(f"The page cannot be read as XML: {error}.") from error
    if root.tag != "Response":
        raise TwimlError(f"The page begins with <{root.tag}>, not <Response>.")
    return [_read_verb(element, address) for element in root]


def _read_verb(element, address: str) -> Verb:
    if element.tag not in KNOWN:
        raise TwimlError(f"The verb <{element.tag}> is not known.")
    text = _words(element)
    if element.tag == "Gather":
        return Verb(
            "Gather",
            "".join(_words(part) for part in element if part.tag == "Say"),
            # Without an action the keys go to the page itself.
            urljoin(address, element.get("action", "")) or address,
            _seconds(element, "timeout", "5"),
            element.get("actionOnEmptyResult") == "true",
            tuple(urljoin(address, _words(part)) for part in element if part.tag == "Play"),
        )
    if element.tag == "Dial":
        action = element.get("action")
        if not _words(element):
            raise TwimlError("A <Dial> names no number.")
        conference = element.find("Conference")
        return Verb(
            "Dial",
            url=urljoin(address, action) if action else "",
            timeout=_seconds(element, "timeout", "30"),
            room="" if conference is None else _words(conference),
            in_charge=conference is not None and conference.get("endConferenceOnExit") == "true",
        )
    if element.tag == "Redirect":
        return Verb("Redirect", url=urljoin(address, text))
    if element.tag == "Pause":
        return Verb("Pause", timeout=_seconds(element, "length", "1"))
    return Verb(element.tag, text)


def _words(element) -> str:
    """What an element says, with whatever stands in elements that only say how (prosody)."""
    return "".join(element.itertext()).strip()


def _seconds(element, name: str, default: str) -> float:
    try:
        return float(element.get(name, default))
    except ValueError as error:
        raise TwimlError(f"The {name} of <{element.tag}> is {element.get(name)!r}, not a number.") from error
