"""From imported records to a frame: audit, strata, and the file of lines that is committed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.design.models import Round
from evalsys.samples.models import OptOut, ServiceRecord, StaffNumber
from surveys.sampling import frames, strata
from surveys.sampling.frames import FrameAudit, FrameEntry, FrameReport, FrameRules

#: cases that a stratum should at least have in the sample, so that about five answer; smaller ones join their neighbour
SAMPLE_PER_STRATUM = 25
#: of the number a round asks about, each person is asked about one unit only
UNITS_PER_PERSON = 1
_IMPORTED_REASONS = {"invalid_number", "landline", "foreign", "premium"}


@dataclass(frozen=True)
class Earlier:
    """Who was already asked this year: those who answered leave the frame, the others' contacts count towards the cap."""

    respondents: Collection[str] = frozenset()
    contacts: Mapping[str, int] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.contacts is None:
            object.__setattr__(self, "contacts", {})


def audit_records(session: Session, round_: Round, round_key: bytes, earlier: Earlier) -> tuple[list[FrameEntry], dict]:
    """The entries that stay in the frame, and the report of what was set aside by which reason, per unit."""
    rules = _make_rules(round_, earlier)
    audit = FrameAudit(_read_records(session, round_), rules, round_key)
    entries = sorted(audit, key=lambda entry: entry.record_number)
    return entries, describe_report(audit.report())


def preview_report(session: Session, round_: Round, earlier: Earlier) -> dict:
    """The frame report before the commitment. Which of several records is kept is chosen by a secret key, but how many are is not."""
    return audit_records(session, round_, bytes(32), earlier)[1]


def describe_report(report: FrameReport) -> dict:
    """The frame report as it is stored and shown."""
    return {
        "records": report.records,
        "entries": report.entries,
        "excluded": report.excluded,
        "units": [asdict(unit) | {"excluded": dict(unit.excluded)} for unit in report.units],
    }


def _make_rules(round_: Round, earlier: Earlier) -> FrameRules:
    content = round_.configuration.content
    cap = content["fieldwork"]["contact_cap_per_year"]
    tired = {person for person, count in earlier.contacts.items() if count >= cap}
    return FrameRules(
        first_on=round_.period_from,
        last_on=round_.period_until,
        contact_cap=UNITS_PER_PERSON,
        undated_groups=frozenset(group["code"] for group in content["groups"] if group["all_below"]),
        earlier_respondents=frozenset(earlier.respondents),
        earlier_contacts=dict.fromkeys(tired, UNITS_PER_PERSON),
    )


def _read_records(session: Session, round_: Round) -> Iterator[frames.ServiceRecord]:
    opted_out = set(session.scalars(select(OptOut.number_index)))
    staff = set(session.scalars(select(StaffNumber.number_index)))
    rows = session.execute(
        select(
            ServiceRecord.record_no,
            ServiceRecord.unit_code,
            ServiceRecord.group,
            ServiceRecord.county,
            ServiceRecord.person_index,
            ServiceRecord.served_on,
            ServiceRecord.exclusion,
        )
        .where(ServiceRecord.round_id == round_.id)
        .execution_options(yield_per=10_000)
    )
    for number, unit, group, county, person, served_on, exclusion in rows:
        flags = [exclusion] if exclusion in _IMPORTED_REASONS else []
        flags += ["staff_number"] if person in staff else []
        flags += ["opt_out"] if person in opted_out else []
        yield frames.ServiceRecord(number, unit, group, county, person, served_on, flags)


@dataclass(frozen=True)
class StrataPlan:
    """The strata of a frame after small ones joined a neighbour, and how many cases each gives to the sample."""

    final_by_original: Mapping[strata.Stratum, strata.Stratum]
    counts: Mapping[str, int]
    sample_sizes: Mapping[str, int]
    neighbours: Mapping[str, str]


def plan_strata(entries: list[FrameEntry], content: dict) -> StrataPlan:
    """Strata unit × group × county with the sample allocated: per group by its planned share, a short list in full."""
    counts = Counter(strata.Stratum(entry.unit, entry.group, entry.county) for entry in entries)
    wanted = math.ceil(content["fieldwork"]["quota"] / content["fieldwork"]["expected_response_share"])
    group_by_code = {group["code"]: group for group in content["groups"]}
    final: dict[strata.Stratum, strata.Stratum] = {}
    sizes: dict[str, int] = {}
    kept: dict[str, int] = {}
    neighbours: dict[str, str] = {}
    for unit, code in sorted({(stratum.unit, stratum.group) for stratum in counts}):
        family = {s: n for s, n in counts.items() if (s.unit, s.group) == (unit, code)}
        size = sum(family.values())
        group = group_by_code[code]
        sample = size if size < group["all_below"] else min(size, math.ceil(wanted * group["quota_share"]))
        least = max(1, math.ceil(size * SAMPLE_PER_STRATUM / sample))
        collapsed = strata.collapse_strata(family, least)
        final |= collapsed.final_by_original
        names = {stratum.name: count for stratum, count in collapsed.counts.items()}
        kept |= names
        sizes |= strata.allocate(names, sample, minimum=min(2, sample // max(1, len(names))))
        neighbours |= _name_neighbours(list(names))
    return StrataPlan(final, kept, sizes, neighbours)


def _name_neighbours(names: list[str]) -> dict[str, str]:
    """To whom each stratum would be joined if too few of it answered: the next by code, the last one to the one before."""
    ordered = sorted(names)
    return {
        name: ordered[place + 1] if place + 1 < len(ordered) else ordered[place - 1]
        for place, name in enumerate(ordered)
        if len(ordered) > 1
    }


def frame_file(folder: Path, round_: Round) -> Path:
    """Where a round's committed frame lines are kept."""
    return folder / f"frame-{round_.code}.txt"
