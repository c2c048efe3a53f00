"""The audit of a frame: from records to one entry per person × unit × period, whatever is left out counted by reason.

Persons appear only as blind keys; no telephone number comes here. Source: state 'frame' of the life of a datum.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path

from surveys.errors import DrawError
from surveys.sampling.external_sort import CHUNK_LINES, sorted_lines
from surveys.sampling.identifiers import choice_key

# A record is counted once, under the first of these that holds.
EXCLUSION_REASONS = (
    "invalid_number",
    "landline",
    "foreign",
    "premium",
    "staff_number",
    "opt_out",
    "earlier_respondent",
    "missing_service_date",
    "outside_period",
    "duplicate",
    "contact_cap",
)
# Those that the import finds in the number or in a list, before this audit; the rest is found here.
IMPORT_REASONS = frozenset(EXCLUSION_REASONS[:6])
_SEPARATOR = "\t"


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One line of what a unit handed in.

    Attributes
    ----------
    record_number
        Its number, unique in the round.
    unit, group, county
        Codes of the unit, the evaluator group and the county.
    person
        Blind key of the person; may be empty only if ``flags`` has "invalid_number".
    served_on
        Day of service, None if missing.
    flags
        Of `IMPORT_REASONS`, those that hold.
    """

    record_number: str
    unit: str
    group: str
    county: str
    person: str
    served_on: date | None
    flags: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """A record that stays in the frame."""

    record_number: str
    unit: str
    group: str
    county: str


@dataclass(frozen=True)
class FrameRules:
    """By what a frame is cleaned.

    Attributes
    ----------
    first_on, last_on
        First and last day of the period, both included.
    contact_cap
        In how many units' frames of the year a person may stand, at least 1.
    undated_groups
        Evaluator groups that come from a list of persons and need no day of service, e.g. representatives.
    earlier_respondents
        Blind keys of who answered in an earlier round of the year; they leave the frame.
    earlier_contacts
        By blind key, how often the person was drawn in earlier rounds of the year; it uses up the cap.
    """

    first_on: date
    last_on: date
    contact_cap: int
    undated_groups: frozenset[str] = frozenset()
    earlier_respondents: Collection[str] = frozenset()
    earlier_contacts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.first_on > self.last_on:
            raise DrawError(
                "The frame's period ends (%(last_on)s) before it begins (%(first_on)s).",
                code="frame_rules",
                last_on=self.last_on,
                first_on=self.first_on,
            )
        if self.contact_cap < 1:
            raise DrawError("The contact cap must be at least 1.", code="frame_rules")


@dataclass(frozen=True)
class UnitFrame:
    """What became of one unit's records: ``records`` = ``entries`` + the sum of ``excluded`` (by reason)."""

    unit: str
    records: int
    excluded: Mapping[str, int]
    entries: int


@dataclass(frozen=True)
class FrameReport:
    """The frame report: one `UnitFrame` per unit, sorted by code."""

    units: tuple[UnitFrame, ...]

    @property
    def records(self) -> int:
        """Records handed in, all units."""
        return sum(unit.records for unit in self.units)

    @property
    def entries(self) -> int:
        """Entries left in the frame, all units."""
        return sum(unit.entries for unit in self.units)

    @property
    def excluded(self) -> dict[str, int]:
        """Records left out by reason, all units, in the fixed order, zeros included."""
        return {reason: sum(unit.excluded[reason] for unit in self.units) for reason in EXCLUSION_REASONS}


class FrameAudit:
    """One pass over service records: iterate for the entries that stay, then ask ``report()``.

    Memory is bounded by ``chunk_lines`` and the number of units, besides the collections in the rules. The entries do
    not depend on the order of the records; which of several is kept is chosen by a hash under the round's secret key,
    so neither the unit nor the file's order can steer it.
    """

    def __init__(
        self,
        records: Iterable[ServiceRecord],
        rules: FrameRules,
        round_key: bytes,
        *,
        chunk_lines: int = CHUNK_LINES,
        directory: Path | None = None,
    ) -> None:
        self._records = records
        self._rules = rules
        self._round_key = round_key
        self._chunk_lines = chunk_lines
        self._directory = directory
        self._counts: dict[str, dict[str, int]] = {}

    def __iter__(self) -> Iterator[FrameEntry]:
        """Yield the entries that stay, grouped by person (a meaningless order).

        Raises
        ------
        DrawError
            A record has an unknown flag, a control character in a code, or no person key though its number is valid.
        """
        lines = sorted_lines(self._screened(), chunk_lines=self._chunk_lines, directory=self._directory)
        rows = (line.decode("utf-8").split(_SEPARATOR) for line in lines)
        for person, own in groupby(rows, key=lambda row: row[0]):
            yield from self._kept(person, own)

    def report(self) -> FrameReport:
        """Return the counts so far; ask after the last entry. No records give a report without units."""
        return FrameReport(tuple(self._unit_frame(unit) for unit in sorted(self._counts)))

    def _screened(self) -> Iterator[bytes]:
        """Yield ``person, unit, key of choice, record, group, county`` of each record that may stay."""
        for record in self._records:
            reason = _own_reason(record, self._rules)
            if reason:
                self._count(record.unit, reason)
                continue
            key = choice_key(self._round_key, "keep", record.record_number)
            row = (record.person, record.unit, key, record.record_number, record.group, record.county)
            yield _joined(row).encode("utf-8")

    def _kept(self, person: str, rows: Iterable[list[str]]) -> Iterator[FrameEntry]:
        """Yield one person's entries: one per unit, and of at most as many units as the cap leaves."""
        chosen: list[list[str]] = []
        for row in rows:  # of one unit, the least key of choice comes first
            if chosen and chosen[-1][1] == row[1]:
                self._count(row[1], "duplicate")
            else:
                chosen.append(row)
        room = max(0, self._rules.contact_cap - self._rules.earlier_contacts.get(person, 0))
        if len(chosen) > room:
            # By the record's number and not the person's key: another installation with the same records chooses the same.
            chosen.sort(key=lambda row: choice_key(self._round_key, "cap", row[3]))
        for place, (_, unit, _, number, group, county) in enumerate(chosen):
            if place < room:
                self._count(unit, "kept")
                yield FrameEntry(number, unit, group, county)
            else:
                self._count(unit, "contact_cap")

    def _count(self, unit: str, what: str, by: int = 1) -> None:
        counts = self._counts.setdefault(unit, {})
        counts[what] = counts.get(what, 0) + by

    def _unit_frame(self, unit: str) -> UnitFrame:
        counts = self._counts[unit]
        excluded = {reason: counts.get(reason, 0) for reason in EXCLUSION_REASONS}
        return UnitFrame(unit, records=sum(counts.values()), excluded=excluded, entries=counts.get("kept", 0))


def audit_frame(
    records: Iterable[ServiceRecord], rules: FrameRules, round_key: bytes
) -> tuple[list[FrameEntry], FrameReport]:
    """Return the entries that stay, sorted by record number, and the report; for frames that fit into memory."""
    audit = FrameAudit(records, rules, round_key)
    entries = sorted(audit, key=lambda entry: entry.record_number)
    return entries, audit.report()


def _own_reason(record: ServiceRecord, rules: FrameRules) -> str | None:
    """Return the first reason for which the record alone, whatever the others, is left out."""
    unknown = set(record.flags) - IMPORT_REASONS
    if unknown:
        raise DrawError(
            "Record %(record)s has the unknown flag %(flags)s.",
            code="frame_record",
            record=record.record_number,
            flags=", ".join(sorted(unknown)),
        )
    for reason in EXCLUSION_REASONS:
        if reason in record.flags:
            return reason
    if not record.person:
        raise DrawError(
            "Record %(record)s has no person key, though its number is not marked invalid.",
            code="frame_record",
            record=record.record_number,
        )
    if record.person in rules.earlier_respondents:
        return "earlier_respondent"
    return _date_reason(record, rules)


def _date_reason(record: ServiceRecord, rules: FrameRules) -> str | None:
    if record.group in rules.undated_groups:
        return None
    if record.served_on is None:
        return "missing_service_date"
    return None if rules.first_on <= record.served_on <= rules.last_on else "outside_period"


def _joined(row: tuple[str, ...]) -> str:
    for value in row:
        if any(ord(char) < 32 for char in value):
            raise DrawError(
                "Record %(record)r has a control character in %(value)r; clean it.",
                code="frame_record",
                record=row[3],
                value=value,
            )
    return _SEPARATOR.join(row)
