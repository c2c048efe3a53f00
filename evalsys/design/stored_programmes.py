"""A loaded programme as the files that it was loaded from, or could have been."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.design.models import Programme
from evalsys.design.programme_files import ProgrammeFiles, write_programme
from evalsys.design.queries import get_latest_configuration
from evalsys.units.models import Area, Unit

AREA_LEVELS = ("city", "county", "township")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def read_stored_programme(session: Session, programme: Programme) -> ProgrammeFiles:
    """A programme's newest configuration with the areas, units and stations of the register."""
    configuration = get_latest_configuration(session, programme).content
    units = list(session.scalars(select(Unit).order_by(Unit.id)))
    areas = sorted(session.scalars(select(Area)), key=lambda area: (AREA_LEVELS.index(area.level), area.code))
    code_by_id = {unit.id: unit.code for unit in units}
    return ProgrammeFiles(
        configuration=configuration,
        areas=[_describe_area(area) for area in areas],
        units=[_describe_unit(unit, code_by_id) for unit in units if unit.level != "station"],
        stations=[_describe_station(unit, code_by_id) for unit in units if unit.level == "station"],
    )


def write_files(folder: Path, files: ProgrammeFiles) -> None:
    """Write a programme's folder; same programme, same bytes."""
    write_programme(folder, files.configuration, files.areas, files.units, files.stations)


def pack_programme(files: ProgrammeFiles) -> bytes:
    """The folder of a programme as a zip archive; same programme, same bytes."""
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        write_files(Path(folder), files)
        for path in sorted(Path(folder).iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, _FIRST_DAY), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _describe_area(area: Area) -> dict:
    name = {"zh": area.name_zh, "en": area.name_en}
    return {"code": area.code, "name": name, "level": area.level, "parent": area.parent_code or ""}


def _describe_unit(unit: Unit, code_by_id: dict[int, str]) -> dict:
    return {
        "code": unit.code,
        "name": {"zh": unit.name_zh, "en": unit.name_en},
        "level": unit.level,
        "category": unit.category,
        "area": unit.area_code or "",
        "parent": code_by_id.get(unit.parent_id, ""),
        "is_key": unit.is_key,
    }


def _describe_station(unit: Unit, code_by_id: dict[int, str]) -> dict:
    name = {"zh": unit.name_zh, "en": unit.name_en}
    return {"code": unit.code, "name": name, "unit": code_by_id[unit.parent_id], "area": unit.area_code or ""}
