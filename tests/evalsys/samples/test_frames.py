"""From records to the committed frame: who leaves it, and what the sample's size comes from."""

from __future__ import annotations

import math
from collections import Counter

from evalsys.design.queries import get_round
from evalsys.samples.draws import commit_frame
from evalsys.samples.frames import Earlier, plan_strata, preview_report
from surveys.sampling.frames import FrameEntry
from tests.evalsys.installation import BEACON, ROUND, UNITS, tiny_city


def person_of(place, record_no: str) -> str:
    return place.sql("select person_index from service_record where record_no = :no", no=record_no)[0][0]


def framed(place) -> set[str]:
    return {no for (no,) in place.sql("select record_no from service_record where cid != ''")}


def commit_after(place, earlier: Earlier):
    return place.on_round(
        commit_frame, actor="chair", beacon_source=BEACON, dice_source="twenty dice", earlier=earlier, entropy=bytes
    )


def test_who_answered_in_an_earlier_round_is_not_in_the_frame_of_a_later_one(imported):
    answered = {person_of(imported, "U001-0000"), person_of(imported, "U002-0007")}
    draw = commit_after(imported, Earlier(respondents=answered))
    everybody = {f"{unit}-{number:04d}" for unit in UNITS for number in range(200)}
    assert framed(imported) == everybody - {"U001-0000", "U002-0007"}
    assert (draw.report["entries"], draw.frame_size) == (598, 598)


def test_who_was_asked_as_often_as_allowed_leaves_the_frame_and_who_was_asked_less_stays(imported):
    cap = tiny_city().configuration["fieldwork"]["contact_cap_per_year"]
    asked = {person_of(imported, "U001-0001"): cap, person_of(imported, "U001-0002"): cap - 1}
    commit_after(imported, Earlier(contacts=asked))
    assert "U001-0001" not in framed(imported)
    assert "U001-0002" in framed(imported)


def test_the_preview_counts_what_the_commitment_then_sets_aside(imported):
    earlier = Earlier(respondents={person_of(imported, "U004-0003")})
    preview = imported.act(lambda s, r: preview_report(s, get_round(s, ROUND), earlier))
    assert commit_after(imported, earlier).report == preview


def entries(unit: str, group: str, counties: dict[str, int]) -> list[FrameEntry]:
    return [
        FrameEntry(f"{unit}-{group}-{county}-{number}", unit, group, county)
        for county, size in counties.items()
        for number in range(size)
    ]


def test_the_sample_of_a_group_is_its_planned_share_of_the_contacts_a_quota_needs():
    content = tiny_city().configuration
    fieldwork = content["fieldwork"]
    wanted = math.ceil(fieldwork["quota"] / fieldwork["expected_response_share"])
    for group in content["groups"]:
        plan = plan_strata(entries("U001", group["code"], {"370102": 4001, "370103": 999}), content)
        assert sum(plan.sample_sizes.values()) == math.ceil(wanted * group["quota_share"]), group["code"]
        assert all(plan.sample_sizes[name] <= plan.counts[name] for name in plan.counts)


def test_a_list_shorter_than_the_sample_is_taken_in_full():
    content = tiny_city().configuration
    for group in content["groups"]:
        plan = plan_strata(entries("U001", group["code"], {"370102": 5, "370103": 2}), content)
        assert sum(plan.sample_sizes.values()) == sum(plan.counts.values()) == 7
        assert plan.sample_sizes == plan.counts


def test_every_committed_size_is_what_is_drawn(drawn):
    sizes = dict(drawn.sql("select code, sample_size from stratum"))
    cases = Counter(stratum for (stratum,) in drawn.sql('select stratum from "case"'))
    assert sum(sizes.values()) > 0
    assert set(cases) == set(sizes)
    assert all(cases[name] >= size for name, size in sizes.items()), "the reserve stands beside the sample"
