"""Installations at the stages of a round; each is made once a session, and every test changes a copy of its own."""

from __future__ import annotations

import pytest

from tests.evalsys.installation import Installation, commit, copy_of, draw, import_all, make_draft, make_open


@pytest.fixture(scope="session")
def _draft(tmp_path_factory) -> Installation:
    return make_draft(tmp_path_factory.mktemp("draft"))


@pytest.fixture(scope="session")
def _imported(tmp_path_factory, _draft) -> Installation:
    place = copy_of(_draft, tmp_path_factory.mktemp("imported"))
    import_all(place)
    return place


@pytest.fixture(scope="session")
def _open(tmp_path_factory) -> Installation:
    return make_open(tmp_path_factory.mktemp("open"))


@pytest.fixture
def draft(_draft, tmp_path) -> Installation:
    """A round without records."""
    return copy_of(_draft, tmp_path / "home")


@pytest.fixture
def imported(_imported, tmp_path) -> Installation:
    """A round with six hundred records, not committed."""
    return copy_of(_imported, tmp_path / "home")


@pytest.fixture
def drawn(imported) -> Installation:
    """A drawn round."""
    commit(imported)
    draw(imported)
    return imported


@pytest.fixture
def opened(_open, tmp_path) -> Installation:
    """A round in the field on its first morning."""
    return copy_of(_open, tmp_path / "home")
