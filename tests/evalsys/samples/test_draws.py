"""The draw: committed first, typed by two, over the committed frame, once."""

from __future__ import annotations

import pytest

from evalsys.audit.queries import list_acts
from evalsys.base.errors import Refused
from evalsys.samples.draws import release_replicate
from evalsys.samples.imports import import_service_records
from tests.evalsys.installation import ROUND, commit, draw, write_records


def acts(place) -> list[str]:
    return [entry["action"] for entry in place.act(lambda session, runtime: list_acts(session, ROUND))]


def test_drawing_before_the_commitment_is_refused_and_leaves_an_entry(imported):
    with pytest.raises(Refused, match="is draft"):
        draw(imported)
    assert acts(imported)[-1] == "draw refused"
    assert imported.sql('select count(*) from "case"') == [(0,)]


@pytest.mark.parametrize(
    "edit",
    [
        "update service_record set stratum = (select max(code) from stratum) where record_no = 'U001-0000'",
        "update service_record set cid = replace(cid, '0', '1') where record_no = 'U001-0000'",
        "delete from service_record where record_no = 'U001-0000'",
        *(
            f"update service_record set {column} = {value} where record_no = 'U001-0000'"
            for column, value in {
                "record_no": "'U001-x'",
                "unit_code": "'U039'",
                "station_code": "'S'",
                '"group"': "'enterprises'",
                "county": "'370103'",
                "served_on": "'2026-01-01'",
                "matter": "'another'",
                "person_index": "'nobody'",
                "phone_cipher": "(select phone_cipher from service_record where record_no = 'U001-0001')",
                "exclusion": "'landline'",
                "seal": "''",
            }.items()
        ),
    ],
)
def test_a_frame_edited_after_the_commitment_is_refused_and_leaves_an_entry(imported, edit):
    commit(imported)
    imported.sql(edit)
    with pytest.raises(Refused, match="was committed"):
        draw(imported)
    assert acts(imported)[-1] == "frame change refused"
    assert "reveal_sources" not in acts(imported)
    assert imported.sql("select seed from draw") == [("",)]
    assert imported.sql('select count(*) from "case"') == [(0,)]


def test_no_record_is_imported_after_the_commitment_and_the_try_leaves_an_entry(imported, tmp_path):
    commit(imported)
    more = write_records(tmp_path / "more.csv", [("X1", "U001", "", "个人", "17490000000", "2026-03-02", "", "370102")])
    with pytest.raises(Refused, match="no record can be added"):
        imported.on_round(import_service_records, path=more, actor="designer")
    assert acts(imported)[-1] == "frame change refused"
    assert imported.sql("select count(*) from service_record") == [(600,)]


@pytest.mark.parametrize("second", ["", "chair"])
def test_one_person_alone_cannot_draw(imported, second):
    commit(imported)
    with pytest.raises(Refused, match="confirmed by another"):
        draw(imported, confirmed_by=second)


def test_a_second_draw_is_refused_and_changes_no_ticket(drawn):
    before = drawn.sql('select cid, ticket, rank from "case" order by id')
    with pytest.raises(Refused, match="is drawn"):
        draw(drawn)
    assert drawn.sql('select cid, ticket, rank from "case" order by id') == before


def test_released_cases_are_always_the_first_of_their_stratum(drawn):
    for _ in range(3):
        drawn.on_round(release_replicate, unit_code="U001")
        for stratum, released, last in drawn.sql(
            'select stratum, count(*), max(rank) from "case" where released_at is not null group by stratum'
        ):
            assert released == last, stratum


def test_an_unopened_round_of_another_state_releases_nothing(imported):
    with pytest.raises(Refused, match="releasing a replicate"):
        imported.on_round(release_replicate, unit_code="U001")
