"""A round in which every case can be reached by its link and by a call that is under way."""

from __future__ import annotations

import pytest

from evalsys.fieldwork.jobs import dial_numbers
from tests.evalsys.installation import Installation, copy_of, make_open


@pytest.fixture(scope="module")
def _called(tmp_path_factory) -> Installation:
    place = make_open(tmp_path_factory.mktemp("called"), mode_sequence=["phone"], random_arm_share=0.0)
    place.do_job(dial_numbers)
    return place


@pytest.fixture
def called(_called, tmp_path) -> Installation:
    """A copy of its own for every test."""
    return copy_of(_called, tmp_path / "home")
