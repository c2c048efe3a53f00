"""Answer scales: points, and what leaves the mean."""

from __future__ import annotations

import pytest

from surveys.errors import InstrumentError
from surveys.instrument import Scale
from tests.surveys.instrument.documents import CN5


@pytest.fixture
def scale():
    return Scale.from_document({"code": "CN5", "options": CN5})


def test_the_default_scale_has_its_published_points(scale):
    assert [scale.points(value) for value in scale.values] == [100, 80, 60, 30, 0, None]


def test_do_not_know_is_not_a_rating(scale):
    assert [option.value for option in scale.rated] == ["1", "2", "3", "4", "5"]
    assert scale.option("8").kind == "dont_know"


def test_an_unknown_answer_has_no_points_but_an_error(scale):
    with pytest.raises(InstrumentError, match="'7' is not an answer on scale CN5"):
        scale.points("7")
