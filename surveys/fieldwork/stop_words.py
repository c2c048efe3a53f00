"""Whether a text message that somebody writes back asks for no more contact."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

#: understood whatever the configuration says
ALWAYS = ("STOP", "退订")
_NOT_A_LETTER = re.compile(r"[\W_]+")
#: a word of this length at the beginning of a sentence is taken as meant
_UNMISTAKABLE = 3


def asks_to_stop(text: str, stop_words: Iterable[str] = ()) -> bool:
    """Whether ``text`` is one of the stop words, or a sentence that begins with one, or holds one in Chinese.

    Case, full-width letters, spaces and punctuation make no difference. Letters like T count only when they stand alone. Where in doubt
    the answer is yes: who is taken off the list by mistake loses less than who cannot get off it.
    """
    said = _words_of(text)
    for word in (*ALWAYS, *stop_words):
        wanted = "".join(_words_of(word))
        if not wanted:
            continue
        if "".join(said) == wanted or (not wanted.isascii() and wanted in "".join(said)):
            return True
        if len(wanted) >= _UNMISTAKABLE and said[:1] == [wanted]:
            return True
    return False


def _words_of(text: str) -> list[str]:
    return _NOT_A_LETTER.sub(" ", unicodedata.normalize("NFKC", text).casefold()).split()
