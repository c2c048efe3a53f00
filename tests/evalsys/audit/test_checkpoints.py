"""Rows altered, rows removed and a tail cut off are found by whoever kept a checkpoint, whatever the database's owner does."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from evalsys.accounts.actions import add_user
from evalsys.audit.actions import record_act
from evalsys.audit.checkpoints import make_checkpoint
from evalsys.audit.queries import list_acts
from evalsys.cli.audit import audit
from surveys.sampling.chain import FIRST_PREV, chained
from tests.evalsys.faces.staff import PASSWORD, send, signed_in


@pytest.fixture
def trail(draft, monkeypatch):
    """Seven acts in a chain, a checkpoint of them in ``checkpoint.json``, and one act after it."""
    monkeypatch.setattr("evalsys.cli.context.create_app", lambda: draft.app)
    for number in range(7):
        draft.act(lambda s, r, n=number: record_act(s, r.clock, "trail", "clerk", "counted", number=n))
    draft.act(lambda s, r: record_act(s, r.clock, "system", "clerk", "began"))
    document = draft.act(make_checkpoint)
    (draft.home / "checkpoint.json").write_text(json.dumps(document), encoding="utf-8")
    draft.act(lambda s, r: record_act(s, r.clock, "trail", "clerk", "went on"))
    return draft


def verify(place, *options: str):
    return CliRunner().invoke(audit, ["verify", *options])


def with_checkpoint(place):
    return verify(place, "--checkpoint", str(place.home / "checkpoint.json"))


def test_a_trail_that_nobody_touched_is_whole_and_may_have_grown(trail):
    for said in (verify(trail), with_checkpoint(trail)):
        assert said.exit_code == 0 and "NOT" not in said.output, said.output


@pytest.mark.parametrize(
    "change",
    [
        "update audit_entry set details = '{\"number\": 9}' where chain = 'trail' and seq = 3",
        "update audit_entry set actor = 'eve' where chain = 'trail' and seq = 7",
        "delete from audit_entry where chain = 'trail' and seq = 4",
        "delete from audit_entry where chain = 'trail' and seq = 1",
    ],
)
def test_a_row_altered_or_removed_is_found_without_a_checkpoint(trail, change):
    trail.sql(change)
    said = verify(trail)
    assert said.exit_code == 1 and "NOT VERIFIED  trail" in said.output


def test_a_cut_tail_looks_whole_by_itself_and_is_found_against_the_checkpoint(trail):
    trail.sql("delete from audit_entry where chain = 'trail' and seq >= 6")
    assert verify(trail).exit_code == 0
    said = with_checkpoint(trail)
    assert said.exit_code == 1 and "its end was cut off" in said.output


def test_a_chain_removed_as_a_whole_is_found_against_the_checkpoint(trail):
    trail.sql("delete from audit_entry where chain = 'trail'")
    said = with_checkpoint(trail)
    assert said.exit_code == 1 and "NOT VERIFIED  trail" in said.output


def test_a_chain_written_anew_with_right_hashes_is_found_against_the_checkpoint(trail):
    """The database's owner can recompute every hash; the head that somebody kept they cannot."""
    acts, prev = trail.act(lambda s, r: list_acts(s, "trail")), FIRST_PREV
    for act in acts:
        entry = chained(prev, act | {"actor": "eve"})
        trail.sql(
            "update audit_entry set actor = 'eve', prev = :prev, hash = :hash where chain = 'trail' and seq = :seq",
            prev=prev,
            hash=entry["hash"],
            seq=act["seq"],
        )
        prev = entry["hash"]
    assert verify(trail).exit_code == 0
    said = with_checkpoint(trail)
    assert said.exit_code == 1 and "written anew" in said.output


def test_a_checkpoint_that_was_altered_is_refused(trail):
    path = trail.home / "checkpoint.json"
    path.write_text(path.read_text().replace('"entries": 7', '"entries": 3'))
    said = with_checkpoint(trail)
    assert said.exit_code == 1 and "no checkpoint signed by this installation" in said.output


def test_the_auditor_filters_the_log_downloads_it_and_compares_it_with_a_checkpoint(trail):
    trail.act(
        lambda s, r: add_user(s, r.clock, name="looker", display_name="looker", password=PASSWORD, roles=["auditor"])
    )
    client = signed_in(trail.app, "looker")
    rows = client.get("/audit/?chain=trail&action=counted&lang=en").text.count("<td><code>trail</code></td>")
    assert rows == 7
    assert client.get("/audit/?actor=nobody").text.count("<td><code>") == 0
    assert client.get("/audit/?chain=trail&on=2026-06-05").text.count("<td><code>trail</code></td>") == 8
    assert client.get("/audit/?on=2026-06-04").text.count("<td><code>") == 0
    assert len(client.get("/audit/chains/trail.jsonl").text.splitlines()) == 8
    assert client.get("/audit/chains/none.jsonl").status_code == 404
    trail.sql("delete from audit_entry where chain = 'trail' and seq >= 5")
    assert "touched" not in client.get("/audit/verification?lang=en").text
    with (trail.home / "checkpoint.json").open("rb") as file:
        answer = send(client, "/audit/verification", file=(file, "checkpoint.json"))
    assert answer.status_code == 200 and "touched" in answer.text and "its end was cut off" in answer.text


def test_anybody_may_keep_a_checkpoint_and_it_tells_hashes_and_counts_only(trail):
    document = trail.app.test_client().get("/audit/checkpoint.json").get_json()
    assert {"trail", "system"} <= {chain["chain"] for chain in document["chains"]}
    assert all(set(chain) == {"chain", "entries", "head"} for chain in document["chains"])
    assert "clerk" not in str(document)
