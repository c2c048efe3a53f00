"""Writes the example city's ``units.csv`` and ``stations.csv`` from its table of units and its areas: always the same.

``python -m evalsys.examples.make_city`` writes them into ``evalsys/examples/city``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evalsys.design.programme_files import read_rows, write_rows
from evalsys.examples.city_units import PARENTS, UNITS

CITY = Path(__file__).parent / "city"
SCOPES = {"t": "township", "c": "county"}


def make_units(areas: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The units (city departments, then one service centre per county) and the stations of the key ones."""
    city = next(area for area in areas if area["level"] == "city")
    areas = [_without_city(area, city) for area in areas]
    units: list[dict[str, Any]] = []
    stations: list[dict[str, Any]] = []
    for number, line in enumerate(UNITS.splitlines(), 1):
        category, key, name_zh, name_en, kinds = line.split("|")
        unit = _unit(number, name_zh, name_en, "city", category, city["code"], is_key=key == "key")
        units.append(unit)
        stations += _make_stations(unit["code"], kinds, areas)
    code_by_name = {unit["name"]["zh"]: unit["code"] for unit in units}
    for unit in units:
        unit["parent"] = code_by_name.get(PARENTS.get(unit["name"]["zh"], ""), "")
    for area in areas:
        if area["level"] == "county":
            name_zh = f"{area['name']['zh']}政务服务中心"
            name_en = f"{area['name']['en']} Government Service Centre"
            unit = _unit(len(units) + 1, name_zh, name_en, "county", "services", area["code"], is_key=False)
            units.append({**unit, "parent": code_by_name["市政务服务中心"]})
    return units, stations


def _without_city(area: dict[str, Any], city: dict[str, Any]) -> dict[str, Any]:
    """An area without the city's own name before it: what is made up here is no real city's."""
    name_zh = area["name"]["zh"].removeprefix(city["name"]["zh"].removesuffix("市"))
    name_en = area["name"]["en"].removeprefix(city["name"]["en"].removesuffix("City"))
    return {**area, "name": {"zh": name_zh, "en": name_en}}


def _unit(
    number: int, name_zh: str, name_en: str, level: str, category: str, area: str, *, is_key: bool
) -> dict[str, Any]:
    return {
        "code": f"U{number:03d}",
        "name": {"zh": name_zh, "en": name_en},
        "level": level,
        "category": category,
        "area": area,
        "parent": "",
        "is_key": is_key,
    }


def _make_stations(unit: str, kinds: str, areas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    stations = []
    for place, kind in enumerate(filter(None, kinds.split(";")), 1):
        scope, _, names = kind.partition(":")
        name_zh, _, name_en = names.partition("/")
        stations += [
            {
                "code": f"{unit}-{area['code']}-{place}",
                "name": {"zh": area["name"]["zh"] + name_zh, "en": f"{area['name']['en']} {name_en}"},
                "unit": unit,
                "area": area["code"],
            }
            for area in areas
            if area["level"] == SCOPES[scope]
        ]
    return stations


def make_city(folder: Path = CITY) -> None:
    """Write both files beside the ``areas.csv`` of ``folder``."""
    areas = read_rows(folder / "areas.csv")
    units, stations = make_units(areas)
    write_rows(folder / "units.csv", units)
    write_rows(folder / "stations.csv", stations)


if __name__ == "__main__":
    make_city()
