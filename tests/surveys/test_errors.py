"""A refusal of the survey method is one English sentence that can be said in another language, with all it names."""

from __future__ import annotations

import pickle

from surveys.errors import DrawError, Phrase, SurveyError

GERMAN = {
    "Line %(line)s: %(reason)s": "Zeile %(line)s: %(reason)s",
    "The %(what)s %(value)r is too short.": "%(what)s %(value)r ist zu kurz.",
    "key of round %(round)s": "Der Schlüssel der Runde %(round)s",
}


def short_key() -> DrawError:
    """A refusal whose values hold a phrase."""
    what = Phrase("key of round %(round)s", round="R1")
    return DrawError("The %(what)s %(value)r is too short.", code="short_key", what=what, value="50%")


def test_a_sentence_is_said_in_english_and_in_the_language_of_a_catalogue():
    assert str(short_key()) == "The key of round R1 '50%' is too short."
    assert short_key().sentence(GERMAN.__getitem__) == "Der Schlüssel der Runde R1 '50%' ist zu kurz."


def test_a_refusal_that_names_another_one_translates_both():
    error = SurveyError("Line %(line)s: %(reason)s", line=3, reason=short_key())
    assert str(error) == "Line 3: The key of round R1 '50%' is too short."
    assert error.sentence(GERMAN.__getitem__) == "Zeile 3: Der Schlüssel der Runde R1 '50%' ist zu kurz."


def test_a_refusal_comes_back_whole_from_another_process():
    back = pickle.loads(pickle.dumps(short_key()))
    assert (str(back), back.code) == (str(short_key()), "short_key")
    assert back.sentence(GERMAN.__getitem__) == short_key().sentence(GERMAN.__getitem__)
