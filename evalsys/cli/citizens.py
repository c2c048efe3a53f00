"""Made-up people behind the numbers of a draw, for demo and rehearsal."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.cli.conductor import SimulatorDesk
from evalsys.design.models import Round
from evalsys.examples.truth import write_truth
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case, ServiceRecord
from surveys.instrument import hearing_table


def settle_citizens(
    desk: SimulatorDesk,
    folder: Path,
    *,
    truth: dict,
    configuration: Mapping,
    citizens: Iterable[tuple[str, ...]],
    seed: int,
    public_base_url: str,
    behaviour: Mapping[str, float] | None = None,
) -> None:
    """Have made-up people move in behind the numbers of a draw, by files in ``folder``; what they write back goes to this installation."""
    folder.mkdir(parents=True)
    write_truth(truth, folder / "truth.json")
    (folder / "hearing.json").write_text(json.dumps(hearing_table(configuration), ensure_ascii=False), encoding="utf-8")
    with (folder / "directory.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("phone", "cid", "unit", "group", "county"))
        writer.writerows(citizens)
    asked = {name: str(folder / f"{name}.json") for name in ("truth", "hearing")}
    asked |= {"directory": str(folder / "directory.csv"), "inbound_url": f"{public_base_url}/provider/message"}
    desk.ask("POST", "population", {**asked, "seed": seed, "behaviour": dict(behaviour or {})})


def list_citizens(session: Session, runtime: Runtime, round_: Round) -> Iterator[tuple[str, ...]]:
    """Number, case, unit, group and county of everybody who was drawn."""
    rows = session.execute(
        select(Case.cid, Case.unit_code, ServiceRecord)
        .join(ServiceRecord, ServiceRecord.id == Case.record_id)
        .where(Case.round_id == round_.id)
        .order_by(Case.id)
    )
    for cid, unit, record in rows:
        yield read_phone(runtime, record), cid, unit, record.group, record.county
