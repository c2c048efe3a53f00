"""A short battle of ``tests/load/kills.py``, which holds a longer one."""

from __future__ import annotations

import os
from unittest.mock import patch

import pytest

from tests.load.kills import hold_round


@pytest.mark.slow
def test_workers_and_web_processes_killed_at_random_moments_make_no_double_call_and_lose_no_case(tmp_path):
    with patch.dict(os.environ):
        kills, calls, faults = hold_round(tmp_path / "round", seed=2, most=10, quota=6)
    assert faults == []
    assert kills.total() == 10
    assert calls > 300
