"""Hotline orders: bad lines named, nothing half imported, and who could not say stands in no base."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalsys.base.errors import BadLines
from evalsys.hotline.actions import import_orders
from evalsys.hotline.queries import count_orders
from surveys.scoring import HotlineCounts

HEADER = "工单编号,承办单位代码,受理日期,是否按时响应,是否解决,是否满意\n"


def write(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "orders.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding=encoding)
    return path


def take(place, path: Path, **values) -> int:
    return place.on_round(import_orders, path=path, actor="clerk", **values)


def test_every_bad_line_is_named_and_nothing_is_stored(draft, tmp_path):
    path = write(
        tmp_path,
        "O1,U001,2026-03-01,是,是,是",
        ",U001,2026-03-01,是,,",
        "O1,U001,2026-03-01,是,,",
        "O4,U999,2026-03-01,是,,",
        "O5,U001,2026-02-30,是,,",
        "O6,U001,2026-03-01,也许,,",
        "O7,U001,2026-03-01,,,",
    )
    with pytest.raises(BadLines) as caught:
        take(draft, path)
    assert [(p.line, p.column, p.problem) for p in caught.value.problems] == [
        (3, "工单编号", "missing"),
        (4, "工单编号", "repeated-number"),
        (5, "承办单位代码", "unknown-unit"),
        (6, "受理日期", "bad-date"),
        (7, "是否按时响应", "not-yes-no"),
        (8, "是否按时响应", "missing"),
    ]
    assert draft.sql("select count(*) from hotline_order") == [(0,)]
    assert take(draft, path, accept_good=True) == 1


def test_who_could_not_say_or_was_not_reached_stands_in_no_base(draft, tmp_path):
    path = write(
        tmp_path,
        "O1,U001,2026-03-01,是,是,是",
        "O2,U001,2026-03-02,否,否,",
        "O3,U001,2026-03-03,yes,,no",
        "O4,U002,2026-03-03,1,0,0",
        encoding="gb18030",
    )
    assert take(draft, path) == 4
    counts = draft.on_round(lambda s, r, round_: count_orders(s, round_))
    assert counts == {"U001": HotlineCounts(3, 2, 2, 1, 2, 1), "U002": HotlineCounts(1, 1, 1, 0, 1, 0)}


def test_an_order_is_taken_once_over_all_files(draft, tmp_path):
    take(draft, write(tmp_path, "O1,U001,2026-03-01,是,是,是"))
    with pytest.raises(BadLines):
        take(draft, write(tmp_path, "O1,U001,2026-03-01,是,是,是", "O2,U001,2026-03-01,是,是,是"))
    assert draft.sql("select count(*) from hotline_order") == [(1,)]
