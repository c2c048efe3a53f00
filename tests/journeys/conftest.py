"""A round in which every case can be reached by its link and by a call that is under way; and one that a call centre works."""

from __future__ import annotations

import pytest

from evalsys.fieldwork.jobs import dial_numbers
from tests.evalsys.faces.interviewers import make_office
from tests.evalsys.faces.meeting import make_meeting
from tests.evalsys.fieldwork.call_centre import copy_of_exchange, make_exchange
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


@pytest.fixture(scope="module")
def _exchange(tmp_path_factory) -> Installation:
    return make_exchange(tmp_path_factory.mktemp("exchange"))


@pytest.fixture
def exchange(_exchange, tmp_path) -> Installation:
    """A round whose calls are made from files."""
    return copy_of_exchange(_exchange, tmp_path / "exchange")


@pytest.fixture(scope="module")
def _office(tmp_path_factory) -> Installation:
    return make_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def office(_office, tmp_path) -> Installation:
    """A round in which interviewers call."""
    return copy_of(_office, tmp_path / "office")


@pytest.fixture(scope="module")
def _meeting(tmp_path_factory) -> Installation:
    return make_meeting(tmp_path_factory.mktemp("meeting"))


@pytest.fixture
def meeting(_meeting, tmp_path) -> Installation:
    """A round in which people are met who answer on paper."""
    return copy_of(_meeting, tmp_path / "meeting")
