"""Settings: production starts with everything said and nothing misspelt, or not at all."""

from __future__ import annotations

import pytest

from evalsys.base.config import read_settings
from evalsys.base.errors import SettingsError

GOOD = {
    "EVALSYS_MODE": "production",
    "EVALSYS_DATABASE_URL": "postgresql://db/evalsys",
    "EVALSYS_PUBLIC_BASE_URL": "https://survey.example.org",
    "EVALSYS_TELEPHONE": "files",
    "EVALSYS_SECRET_KEY": "x" * 32,
}


def test_complete_production_settings_are_accepted():
    assert read_settings(GOOD).is_production


@pytest.mark.parametrize("name", [name for name in GOOD if name != "EVALSYS_MODE"])
def test_production_without_a_required_setting_is_refused_by_its_name(name):
    with pytest.raises(SettingsError, match=name):
        read_settings({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("EVALSYS_SECRET_KEY", "short", "shorter than 32"),
        ("EVALSYS_PUBLIC_BASE_URL", "survey.example.org", "must begin with https"),
        ("EVALSYS_TELEPHONE", "carrier pigeon", "choose one of"),
        ("EVALSYS_TELEPHONE", "twilio", "EVALSYS_TWILIO_AUTH_TOKEN is missing"),
        ("EVALSYS_DATABASE_ULR", "typo", "EVALSYS_DATABASE_ULR is not a setting"),
    ],
)
def test_production_with_a_wrong_setting_is_refused_with_the_reason(name, value, says):
    with pytest.raises(SettingsError, match=says):
        read_settings(GOOD | {name: value})


def test_every_problem_is_named_at_once():
    with pytest.raises(SettingsError) as caught:
        read_settings({"EVALSYS_MODE": "production", "EVALSYS_TELEPHONE": "pigeon"})
    assert all(name in str(caught.value) for name in ("TELEPHONE", "DATABASE_URL", "PUBLIC_BASE_URL", "SECRET_KEY"))


def test_development_needs_nothing_and_keeps_a_key_that_only_its_owner_reads(tmp_path):
    first, second = (read_settings({"EVALSYS_HOME": str(tmp_path)}) for _ in range(2))
    assert len(first.secret_key) >= 32
    assert first.secret_key == second.secret_key
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
