"""Rounds in the field that several files change copies of."""

from __future__ import annotations

import pytest

from tests.evalsys.fieldwork.call_centre import copy_of_exchange, make_exchange
from tests.evalsys.installation import Installation, copy_of, make_open


@pytest.fixture(scope="session")
def _exchange(tmp_path_factory) -> Installation:
    return make_exchange(tmp_path_factory.mktemp("exchange"))


@pytest.fixture
def exchange(_exchange, tmp_path) -> Installation:
    """An open round whose calls a call centre makes."""
    return copy_of_exchange(_exchange, tmp_path / "home")


@pytest.fixture(scope="session")
def _wide(tmp_path_factory) -> Installation:
    return make_open(tmp_path_factory.mktemp("wide"), quota=150, replicate_size=120, random_arm_share=0.0)


@pytest.fixture
def wide(_wide, tmp_path) -> Installation:
    """A round in the field with strata of a few dozen cases."""
    return copy_of(_wide, tmp_path / "home")
