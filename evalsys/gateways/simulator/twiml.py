"""Reading voice pages: the verbs of TwiML that a call can meet, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urljoin

from defusedxml.ElementTree import ParseError, fromstring

#: what the simulator can play; another verb is an error, as it would be with a provider that does not know it
KNOWN = ("Say", "Play", "Pause", "Gather", "Redirect", "Hangup")


class TwimlError(Exception):
    """A voice page that a provider could not play (its error 12100 or 12200)."""


@dataclass(frozen=True)
class Verb:
    """One verb: what is heard, where keys go, how long it waits."""

    name: str
    text: str = ""
    url: str = ""
    timeout: float = 5.0
    digits: int = 0
    attributes: dict = field(default_factory=dict)


def read_page(document: str, address: str) -> list[Verb]:
    """The verbs of the page fetched from ``address``; relative addresses are made whole.

    Raises ``TwimlError`` for a page that is not well-formed, is no ``<Response>``, or has an unknown verb.
    """
    try:
        root = fromstring(document)
    except ParseError as error:
        raise TwimlError(f"The page is not XML: {error}.") from error
    if root.tag != "Response":
        raise TwimlError(f"The page begins with <{root.tag}>, not <Response>.")
    return [_read_verb(element, address) for element in root]


def _read_verb(element, address: str) -> Verb:
    if element.tag not in KNOWN:
        raise TwimlError(f"The verb <{element.tag}> is not known.")
    text = (element.text or "").strip()
    if element.tag == "Gather":
        heard = "".join((part.text or "") for part in element if part.tag == "Say")
        return Verb(
            "Gather",
            heard,
            urljoin(address, element.get("action", "")) if element.get("action") else address,
            float(element.get("timeout", "5")),
            int(element.get("numDigits", "0")),
            dict(element.attrib),
        )
    if element.tag == "Redirect":
        return Verb("Redirect", url=urljoin(address, text))
    if element.tag == "Pause":
        return Verb("Pause", timeout=float(element.get("length", "1")))
    return Verb(element.tag, text)
