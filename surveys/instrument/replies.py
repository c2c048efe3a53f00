"""What somebody means who answers a question by text message: read leniently, and never guessed."""

from __future__ import annotations

import re
import unicodedata

from surveys.errors import InstrumentError
from surveys.instrument.questions import Question
from surveys.instrument.wording import LANGUAGES

BEGIN, BACK, REPEAT, HELP = "begin", "back", "repeat", "help"
WORDS = {
    BEGIN: ("开始", "begin", "start"),
    BACK: ("返回", "上一题", "back"),
    REPEAT: ("重复", "再说一遍", "repeat"),
    HELP: ("帮助", "help", "info"),
}
_LOOSE = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"(?:选|选择|答|第)?([0-9]+)(?:号|项)?(.*)")


def find_wish(text: str) -> str:
    """``begin``, ``back``, ``repeat`` or ``help`` where the text is a word for it and nothing else; ``""`` otherwise."""
    said = _bare(text)
    return next((wish for wish, words in WORDS.items() if said in words), "")


def read_reply(question: Question, text: str) -> str:
    """The answer, as it is stored, that a text message gives to a question.

    Options are named by number or by their words in either language, or by both where they agree; full-width signs, spaces, case and
    punctuation make no difference. Raises ``InstrumentError`` for everything else.
    """
    if not question.options:
        return question.validate(unicodedata.normalize("NFKC", text).strip())
    said = _bare(text)
    value_by_word = {
        _bare(option.label[language]): option.value for option in question.options for language in LANGUAGES
    }
    if said in value_by_word:
        return value_by_word[said]
    number = _NUMBER.fullmatch(said)
    value = question.value_of_key(number[1] if number else "")
    if number[2] and value_by_word.get(number[2]) != value:
        raise InstrumentError("%(question)s: the answer is not clear.", code="unclear-reply", question=question.code)
    return value


def _bare(text: str) -> str:
    return _LOOSE.sub("", unicodedata.normalize("NFKC", text).casefold())
