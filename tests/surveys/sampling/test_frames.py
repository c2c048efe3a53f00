"""The audit of a frame."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.errors import DrawError
from surveys.sampling.frames import EXCLUSION_REASONS, FrameAudit, FrameRules, ServiceRecord, audit_frame
from surveys.sampling.identifiers import record_choice

KEY = bytes(range(32))
RULES = FrameRules(
    first_on=date(2025, 1, 1),
    last_on=date(2025, 6, 30),
    contact_cap=2,
    undated_groups=frozenset({"representatives"}),
    earlier_respondents=frozenset({"early"}),
    earlier_contacts={"tired": 1, "spent": 2},
)


def record(number, unit="U1", person="p", served_on=date(2025, 3, 1), group="individuals", flags=()):
    return ServiceRecord(number, unit, group, "370102", person, served_on, flags)


def reasons(records, rules=RULES):
    _, report = audit_frame(records, rules, KEY)
    return {reason: count for reason, count in report.excluded.items() if count}


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (record("1", person="", flags={"invalid_number"}), "invalid_number"),
        (record("1", flags={"landline"}), "landline"),
        (record("1", flags={"foreign"}), "foreign"),
        (record("1", flags={"premium"}), "premium"),
        (record("1", flags={"staff_number"}), "staff_number"),
        (record("1", flags={"opt_out"}), "opt_out"),
        (record("1", person="early"), "earlier_respondent"),
        (record("1", served_on=None), "missing_service_date"),
        (record("1", served_on=date(2024, 12, 31)), "outside_period"),
        (record("1", served_on=date(2025, 7, 1)), "outside_period"),
        (record("1", person="spent"), "contact_cap"),
        (record("1", flags={"opt_out", "landline"}, served_on=None), "landline"),
        (record("1", person="early", flags={"opt_out"}), "opt_out"),
    ],
)
def test_a_record_is_left_out_under_the_first_reason_that_holds(case, reason):
    assert reasons([case]) == {reason: 1}


@pytest.mark.parametrize("day", [date(2025, 1, 1), date(2025, 6, 30)])
def test_the_first_and_last_day_belong_to_the_period(day):
    assert reasons([record("1", served_on=day)]) == {}


def test_lists_of_persons_need_no_day_of_service():
    """A representative without a day stays; an individual without one does not."""
    assert reasons([record("1", served_on=None, group="representatives")]) == {}


def test_of_several_visits_of_a_person_to_a_unit_one_is_kept_by_hash():
    """The population is users, not visits; another unit keeps its own entry."""
    numbers = ["a", "b", "c"]
    entries, report = audit_frame([*map(record, numbers), record("d", unit="U2")], RULES, KEY)
    assert [entry.record_number for entry in entries] == sorted([record_choice(KEY, numbers), "d"])
    assert report.excluded["duplicate"] == 2


def test_a_person_in_more_units_than_the_cap_is_kept_in_as_many_as_the_cap_leaves():
    """Five units, cap 2: two stay; of one who was drawn once before, one stays. Which ones depends on the secret key."""
    units = [f"U{number}" for number in range(5)]
    records = [record(unit, unit=unit, person=person) for person in ("fresh", "tired") for unit in units]
    records = [replace(one, record_number=f"{one.person}-{one.unit}") for one in records]
    entries, report = audit_frame(records, RULES, KEY)
    assert sorted(entry.record_number.split("-")[0] for entry in entries) == ["fresh", "fresh", "tired"]
    assert report.excluded["contact_cap"] == 7
    chosen = {frozenset(entry.unit for entry in audit_frame(records[:5], RULES, bytes([n]) * 16)[0]) for n in range(20)}
    assert len(chosen) > 3


def test_the_report_lists_every_reason_in_the_fixed_order_for_every_unit():
    records = [record("1"), record("2"), record("3", unit="U2", flags={"foreign"})]
    _, report = audit_frame(records, RULES, KEY)
    assert [unit.unit for unit in report.units] == ["U1", "U2"]
    assert all(tuple(unit.excluded) == EXCLUSION_REASONS for unit in report.units)
    assert (report.records, report.entries) == (3, 1)


RECORDS = st.lists(
    st.builds(
        record,
        st.just(""),
        unit=st.sampled_from(["U1", "U2", "U3"]),
        person=st.sampled_from(["p", "q", "early", "tired"]),
        served_on=st.sampled_from([None, date(2025, 3, 1), date(2026, 1, 1)]),
        flags=st.sampled_from([(), ("landline",), ("opt_out", "foreign")]),
    ),
    max_size=25,
).map(lambda records: [replace(one, record_number=f"{number:03d}") for number, one in enumerate(records)])


@settings(max_examples=50, deadline=None)
@given(RECORDS, st.randoms(use_true_random=False))
def test_every_record_is_counted_once_and_neither_order_nor_chunk_changes_what_stays(records, rng):
    """Records = entries + excluded in every unit; one entry per person × unit; at most the cap per person."""
    entries, report = audit_frame(records, RULES, KEY)
    for unit in report.units:
        assert unit.records == sum(one.unit == unit.unit for one in records)
        assert unit.records == unit.entries + sum(unit.excluded.values())
    person_by_number = {one.record_number: one.person for one in records}
    kept = [(person_by_number[entry.record_number], entry.unit) for entry in entries]
    assert len(set(kept)) == len(kept)
    assert all(sum(person == other for other, _ in kept) <= 2 for person in ("p", "q"))
    shuffled = FrameAudit(rng.sample(records, len(records)), RULES, KEY, chunk_lines=2)
    assert sorted(shuffled, key=lambda entry: entry.record_number) == entries
    assert shuffled.report() == report


@pytest.mark.parametrize(
    "bad",
    [record("1", flags={"rich"}), record("1", person=""), record("1\t2"), record("1", unit="U\n1")],
    ids=["unknown flag", "no person", "tab in the number", "line break in the unit"],
)
def test_a_record_that_could_not_be_counted_rightly_is_refused_by_name(bad):
    with pytest.raises(DrawError) as refusal:
        audit_frame([bad], RULES, KEY)
    assert refusal.value.details["record"] == bad.record_number


@pytest.mark.parametrize("change", [{"last_on": date(2024, 1, 1)}, {"contact_cap": 0}])
def test_rules_that_exclude_everybody_are_refused(change):
    with pytest.raises(DrawError):
        replace(RULES, **change)


def test_no_records_make_an_empty_report():
    assert audit_frame([], RULES, KEY)[1].units == ()
