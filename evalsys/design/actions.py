"""Loading programmes, versions of their configuration, and making rounds."""

from __future__ import annotations

from datetime import date
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.clock import Clock
from evalsys.base.errors import Refused
from evalsys.design.models import Configuration, Programme, Round, RoundUnit
from evalsys.design.programme_files import ProgrammeFiles, configuration_sha256
from evalsys.design.rules import end_of_day, start_of_day
from evalsys.design.stored_programmes import read_stored_programme
from evalsys.design.xlsform_reading import read_xlsform
from evalsys.units.actions import save_areas, save_units
from evalsys.units.models import Unit


def load_programme(session: Session, clock: Clock, files: ProgrammeFiles, *, actor: str, reason: str) -> Programme:
    """Store a programme's files: areas, units and stations in the register, everything else as one configuration version."""
    content = files.configuration
    about = content["programme"]
    save_areas(session, files.areas)
    save_units(session, files.units, files.stations)
    programme = session.scalar(select(Programme).where(Programme.code == about["code"]))
    if programme is None:
        programme = Programme(code=about["code"])
        session.add(programme)
    programme.name_zh, programme.name_en, programme.year = about["name"]["zh"], about["name"]["en"], about["year"]
    session.flush()
    save_configuration(session, clock, programme, content, actor=actor, reason=reason)
    return programme


def save_configuration(
    session: Session, clock: Clock, programme: Programme, content: dict, *, actor: str, reason: str
) -> Configuration:
    """Keep ``content`` as the programme's next configuration version; the same content again is the same version."""
    sha256 = configuration_sha256(content)
    latest = session.scalar(
        select(Configuration)
        .where(Configuration.programme_id == programme.id)
        .order_by(Configuration.number.desc())
        .limit(1)
    )
    if latest and latest.sha256 == sha256:
        return latest
    version = Configuration(
        programme_id=programme.id,
        number=latest.number + 1 if latest else 1,
        content=content,
        sha256=sha256,
        created_at=clock.now(),
        created_by=actor,
        reason=reason,
    )
    session.add(version)
    session.flush()
    record_act(
        session, clock, "system", actor, "configuration saved", programme=programme.code, sha256=sha256, reason=reason
    )
    return version


def take_questionnaire(
    session: Session, clock: Clock, programme: Programme, stream: BinaryIO, *, actor: str, reason: str
) -> Configuration:
    """Make the questionnaire of an uploaded XLSForm the programme's next version; raises ``ProgrammeProblems`` with all that is wrong."""
    files = read_xlsform(stream, read_stored_programme(session, programme))
    return save_configuration(session, clock, programme, files.configuration, actor=actor, reason=reason)


def create_round(
    session: Session,
    clock: Clock,
    programme: Programme,
    plan: dict,
    *,
    actor: str,
    unit_codes: list[str] | None = None,
    frame_supplier: str = "",
) -> Round:
    """Make a round of ``plan`` (one of the configuration's ``rounds``) over the units it covers, or those named."""
    if session.scalar(select(Round.id).where(Round.code == plan["code"])):
        raise Refused("There is a round %(code)s already.", code=plan["code"])
    configuration = session.scalar(
        select(Configuration)
        .where(Configuration.programme_id == programme.id)
        .order_by(Configuration.number.desc())
        .limit(1)
    )
    if configuration is None:
        raise Refused("Programme %(code)s has no configuration yet; load one first.", code=programme.code)
    units = _covered_units(session, plan, unit_codes)
    zone = configuration.content["programme"]["time_zone"]
    made = Round(
        programme_id=programme.id,
        configuration_id=configuration.id,
        code=plan["code"],
        kind=plan["kind"],
        name_zh=plan["name"]["zh"],
        name_en=plan["name"]["en"],
        period_from=date.fromisoformat(plan["period_from"]),
        period_until=date.fromisoformat(plan["period_until"]),
        field_from=start_of_day(plan["field_from"], zone),
        field_until=end_of_day(plan["field_until"], zone),
        frame_supplier=frame_supplier,
    )
    quota = configuration.content["fieldwork"]["quota"]
    made.units = [
        RoundUnit(
            unit_id=unit.id,
            code=unit.code,
            name_zh=unit.name_zh,
            name_en=unit.name_en,
            category=unit.category,
            is_key=unit.is_key,
            quota=quota,
        )
        for unit in units
    ]
    session.add(made)
    session.flush()
    record_act(session, clock, made.code, actor, "round made", units=len(units), configuration=configuration.sha256)
    return made


def _covered_units(session: Session, plan: dict, unit_codes: list[str] | None) -> list[Unit]:
    wanted = select(Unit).where(Unit.level != "station").order_by(Unit.code)
    if plan["covers"] == "key":
        wanted = wanted.where(Unit.is_key)
    units = list(session.scalars(wanted))
    if unit_codes is None:
        return units
    missing = set(unit_codes) - {unit.code for unit in units}
    if missing:
        raise Refused(
            "These units are unknown or not covered by the round: %(codes)s.", codes=", ".join(sorted(missing))
        )
    return [unit for unit in units if unit.code in set(unit_codes)]


def refuse_unless(round_: Round, *states: str, doing: str) -> None:
    """Raise ``Refused`` unless the round is in one of ``states``; says what it is in and what was wanted."""
    if round_.state not in states:
        raise Refused(
            "Round %(code)s is %(state)s; %(doing)s needs a round that is %(wanted)s.",
            code=round_.code,
            state=round_.state,
            doing=doing,
            wanted=" / ".join(states),
        )
