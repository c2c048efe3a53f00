"""A full round, held by the product itself: called, answered, closed, frozen, scored and published; and who and what stands beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from evalsys.accounts.actions import add_user
from evalsys.base.database import db
from evalsys.fieldwork.callbacks import receive_status
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.interviews import load_conversation, opt_out
from evalsys.fieldwork.jobs import apply_callbacks, dial_numbers, send_messages
from evalsys.fieldwork.late_answers import note_late_answer
from evalsys.hotline.actions import import_orders
from evalsys.results.freezing import freeze_round
from evalsys.results.publishing import publish_round
from evalsys.results.scoring import score_round
from evalsys.samples.imports import import_staff_numbers
from tests.evalsys.fieldwork.call_centre import result, take_list, take_results
from tests.evalsys.installation import UNITS, Installation, answer_all, make_open
from tests.house.database_content import read_content

#: the year's assessment needs a second round, nobody but the machine calls in this one, and nobody's quality is controlled; nothing
#: else may be empty
EMPTY = {"assessment_run", "shift", "hold", "appointment", "case_note", "staff_call"}
EMPTY |= {"interviewer_tally", "recontact", "monitoring", "voiding", "proposal", "observer", "minutes"}
EMPTY |= {"paper_batch", "paper_form", "paper_keying"}
EMPTY |= {"text_reply", "text_cost", "comment_review"}
HEARD_OF = 60


def hold_round(home: Path) -> dict[str, dict[str, list]]:
    """Table → column → values of a published round, held on SQLite in ``home``, values as the models say them."""
    place = make_open(home)
    place.act(
        lambda s, r: import_staff_numbers(s, r, _write(home / "staff.csv", "手机号", "17400009999"), actor="clerk")
    )
    place.act(
        lambda s, r: add_user(
            s, r.clock, name="chair", display_name="主任", password="a long password", roles=["commission"]
        )
    )
    _exchange_files(place)
    place.do_job(dial_numbers)
    place.do_job(send_messages)
    with place.app.app_context():
        for attempt in place.sql("SELECT key, channel FROM attempt ORDER BY id LIMIT :most", most=HEARD_OF):
            name, status = ("CallStatus", "no-answer") if attempt.channel == "voice" else ("MessageStatus", "delivered")
            receive_status(place.runtime, attempt.key, {name: status})
    place.do_job(apply_callbacks)
    answer_all(place)
    (silent,) = place.sql("SELECT min(case_id) FROM interview WHERE state = 'waiting'")
    place.act(lambda s, r: opt_out(s, r, silent[0]))
    place.clock.advance(timedelta(days=20))
    place.on_round(close_round, actor="chair")
    unheard = "SELECT case_id FROM interview WHERE outcome NOT IN ('1.1', '1.2') ORDER BY case_id LIMIT 3"
    for (case_id,) in place.sql(unheard):
        place.act(lambda s, r, c=case_id: note_late_answer(s, load_conversation(s, r, c), channel="web"))
    orders = [f"O{number},{UNITS[number % 3]},2026-03-02,是,{'是否'[number % 2]}," for number in range(60)]
    header = "工单编号,承办单位代码,受理日期,是否按时响应,是否解决,是否满意"
    place.on_round(import_orders, path=_write(home / "orders.csv", header, *orders), actor="clerk")
    for step in (freeze_round, score_round):
        place.on_round(step, actor="chair")
    place.on_round(publish_round, approved_by="chair", seconded_by="deputy")
    with place.app.app_context():
        content = read_content(db.engine, db.metadata)
        db.session.remove()
        db.engine.dispose()
    return content


def _exchange_files(place: Installation) -> None:
    """A call centre has three of the cases, and reports two of them."""
    own, place.runtime.settings = place.runtime.settings, replace(place.runtime.settings, telephone="files")
    first, second, _ = (row.code for row in take_list(place, limit=3).rows)
    take_results(place, [result(place, first, 结果="无人接听"), result(place, second, 结果="占线")])
    place.runtime.settings = own


def _write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
