"""The audit trail is a chain that no later hand alters unseen."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from evalsys.audit.actions import record_act
from evalsys.audit.queries import list_acts
from evalsys.base.database import db
from surveys.errors import DrawError
from surveys.sampling.chain import verify_chain
from tests.evalsys.installation import make_draft


def lines(place, chain: str) -> list[str]:
    return [json.dumps(entry) for entry in place.act(lambda session, runtime: list_acts(session, chain))]


@pytest.fixture
def trail(draft):
    for number in range(5):
        draft.act(lambda s, r, n=number: record_act(s, r.clock, "trail", "clerk", "counted", number=n, what="甲"))
    return draft


def test_every_chain_of_an_installation_holds(drawn):
    for (chain,) in drawn.sql("select distinct chain from audit_entry"):
        assert len(verify_chain(lines(drawn, chain))) > 0


@pytest.mark.parametrize(
    "change",
    [
        "update audit_entry set actor = 'eve' where seq = 3 and chain = 'trail'",
        "update audit_entry set details = '{\"number\": 9}' where seq = 3 and chain = 'trail'",
        "update audit_entry set at = '2020-01-01 00:00:00' where seq = 3 and chain = 'trail'",
        "update audit_entry set hash = prev where seq = 3 and chain = 'trail'",
        "delete from audit_entry where seq = 3 and chain = 'trail'",
    ],
)
def test_an_altered_or_removed_row_is_found(trail, change):
    assert len(verify_chain(lines(trail, "trail"))) == 5
    trail.sql(change)
    with pytest.raises(DrawError):
        verify_chain(lines(trail, "trail"))


def test_chains_count_for_themselves(trail):
    trail.act(lambda s, r: record_act(s, r.clock, "other", "clerk", "began"))
    assert [json.loads(line)["seq"] for line in lines(trail, "other")] == [1]


def test_acts_of_many_at_once_on_postgresql_stand_one_after_another_in_one_chain(tmp_path, postgres_url):
    place = make_draft(tmp_path, database=postgres_url)
    at_once = threading.Barrier(8)

    def act(number: int) -> None:
        at_once.wait()
        for _ in range(5):
            place.act(lambda s, r: record_act(s, r.clock, "busy", f"clerk {number}", "counted"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(8)))
    assert len(verify_chain(lines(place, "busy"))) == 40
    with place.app.app_context():
        db.engine.dispose()
