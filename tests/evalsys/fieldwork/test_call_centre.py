"""Work lists to a call centre and its results back: no case on two lists, nothing imported twice, no answer kept but through the door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from evalsys.base.database import db
from evalsys.base.errors import BadLines, NotFound, Refused
from evalsys.fieldwork.call_results import import_results
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.jobs import dial_numbers, reconcile_attempts
from evalsys.fieldwork.releases import open_round
from evalsys.fieldwork.sealing import seal_answers
from evalsys.fieldwork.worklists import key_of, list_work_lists, make_work_list, repeat_work_list
from tests.evalsys.fieldwork.call_centre import (
    COMPLETE,
    HEADER,
    exchanging,
    make_exchange,
    read_list,
    result,
    take_list,
    take_results,
    write_results,
)
from tests.evalsys.fieldwork.working import answer, attempts, interview, talk_to
from tests.evalsys.installation import OPENING, ROUND


@pytest.fixture
def place(exchange):
    """An open round whose calls a call centre makes."""
    return exchange


def case_of(place, code: str) -> int:
    return place.sql("SELECT case_id FROM attempt WHERE key = :key", key=key_of(code))[0][0]


def everything(place) -> list:
    tables = ("interview", "attempt", "result_file", "audit_entry", "opt_out")
    return [place.sql(f"SELECT * FROM {table}") for table in tables]


def problems_of(place, *lines, **how) -> list[tuple]:
    """(line, column, value, problem) of what is wrong with a file; nothing may have changed."""
    before = everything(place)
    with pytest.raises(BadLines) as refused:
        take_results(place, lines, **how)
    assert everything(place) == before
    return [(p.line, p.column, p.value, p.problem) for p in refused.value.problems]


def test_a_list_holds_the_due_cases_with_number_unit_and_month_and_no_name(place):
    released = place.sql("SELECT count(*) FROM interview")[0][0]
    rows = read_list(place, take_list(place))
    assert len(rows) == released > 0
    assert set(rows[0]) == {"编号", "电话号码", "单位", "办理月份", "语言", "第几次拨打", "可拨打时间"}
    assert rows[0]["电话号码"].startswith("+861740") and rows[0]["办理月份"] == "2026-03"
    assert rows[0]["语言"] == "zh" and rows[0]["第几次拨打"] == "1" and rows[0]["可拨打时间"] == "2026-06-08 10:00"
    assert len({row["编号"] for row in rows}) == released


def test_a_list_never_repeats_a_case_of_an_earlier_one_whose_result_is_out(place):
    first, second, third = take_list(place, limit=30), take_list(place, limit=30), take_list(place)
    codes = [row.code for work in (first, second, third) for row in work.rows]
    cases = place.sql("SELECT case_id FROM attempt")
    assert (len(first.rows), len(second.rows)) == (30, 30)
    assert len(cases) == len(set(cases)) == len(set(codes)) == place.sql("SELECT count(*) FROM interview")[0][0]
    assert take_list(place).rows == ()
    assert [work.number for work in (first, second, third)] == [1, 2, 3]


def test_lists_that_are_made_at_once_share_no_case_and_no_number(place):
    with ThreadPoolExecutor(4) as pool:
        lists = list(pool.map(lambda _: place.on_round(make_work_list, actor="chair", limit=20), range(4)))
    cases = place.sql("SELECT case_id FROM attempt")
    assert sorted(work.number for work in lists) == [1, 2, 3, 4]
    assert len(cases) == len(set(cases)) == 80


def test_the_trail_tells_who_took_a_list_and_who_had_it_again(place):
    take_list(place, limit=3)
    place.on_round(repeat_work_list, number=1, actor="deputy")
    said = place.sql("SELECT actor, action, details FROM audit_entry ORDER BY id DESC LIMIT 2")
    assert [row[:2] for row in said] == [("deputy", "work list taken again"), ("chair", "work list taken")]
    assert '"cases": 3' in said[1][2]


def test_a_lost_list_can_be_had_again_with_the_same_codes_less_those_reported(place):
    work = take_list(place, limit=3)
    take_results(place, [result(place, work.rows[0].code, 结果="无人接听")])
    again = place.on_round(repeat_work_list, number=1, actor="chair")
    assert [row.code for row in again.rows] == [row.code for row in work.rows[1:]]
    (state,) = place.on_round(lambda s, r, round_: list_work_lists(s, round_))
    assert (state.cases, state.out) == (3, 2)
    with pytest.raises(NotFound):
        place.on_round(repeat_work_list, number=2, actor="chair")


def test_nothing_is_dialled_and_no_list_given_up_while_a_call_centre_has_the_cases(place):
    place.do_job(dial_numbers)
    assert place.telephone.placed == [] and place.sql("SELECT * FROM attempt") == []
    take_list(place, limit=3)
    place.clock.advance(timedelta(hours=5))
    place.do_job(reconcile_attempts)
    assert place.sql("SELECT DISTINCT state FROM attempt") == [("placed",)]


def test_no_list_is_made_by_an_installation_that_dials_nor_for_a_paused_or_spent_round(opened, place, tmp_path):
    with pytest.raises(Refused, match="dials by itself"):
        opened.on_round(make_work_list, actor="chair")
    place.sql("UPDATE round SET paused_at = opened_at")
    with pytest.raises(Refused, match="paused"):
        take_list(place)
    poor = make_exchange(tmp_path / "poor", cost_per_minute=0.5, budget=2)
    assert len(take_list(poor).rows) == 4, "a minute is set aside for every call on a list"
    with pytest.raises(Refused, match="budget"):
        take_list(poor)


def test_a_round_with_text_messages_is_not_opened_where_nobody_sends_them(drawn):
    drawn.clock.at = OPENING
    with pytest.raises(Refused, match="text messages"):
        exchanging(drawn).on_round(open_round, actor="chair")


def test_a_complete_interview_is_stored_as_said_and_ends_the_attempt(place):
    code = take_list(place, limit=1).rows[0].code
    report = take_results(place, [result(place, code, 通话秒数="185", **COMPLETE)])
    assert (report.lines, report.imported, report.repeated, report.refused) == (1, 1, 0, 0)
    assert report.outcomes == {"1.1": 1}
    case = case_of(place, code)
    assert talk_to(place, case).answers == {name: COMPLETE[name] for name in COMPLETE if name != "结果"}
    found, (tried,) = interview(place, case), attempts(place, case)
    assert (found.state, found.outcome, found.channel) == ("answered", "1.1", "voice")
    assert (tried.state, tried.outcome, tried.seconds, tried.interviewer) == ("ended", "1.1", 185, "A17")
    assert tried.ended_at - tried.started_at == timedelta(seconds=185) and tried.connected_at == tried.started_at


@pytest.mark.parametrize(
    ("said", "state", "outcome", "hours"),
    [
        ("占线", "waiting", "3.12", 20),
        ("无人接听", "waiting", "3.13", 20),
        ("接通即挂断", "waiting", "2.113", 24 * 7 - 1),
        ("未拨打", "waiting", "3.11", 4),
        ("本人拒访", "ended", "2.112", None),
        ("空号", "ended", "4.31", None),
        ("4.10", "ended", "4.10", None),
        ("2.2", "waiting", "2.20", 4),
    ],
)
def test_what_follows_an_outcome_is_what_follows_it_from_a_provider(place, said, state, outcome, hours):
    """Busy and no answer come back another day, a soft refusal after a week, a refusal or dead number never."""
    code = take_list(place, limit=1).rows[0].code
    take_results(place, [result(place, code, 结果=said)])
    found, (tried,) = interview(place, case_of(place, code)), attempts(place, case_of(place, code))
    assert (found.state, tried.outcome) == (state, outcome)
    assert found.outcome == ("" if state == "waiting" else outcome)
    if hours is None:
        assert found.due_at is None
    else:
        assert found.due_at - tried.started_at >= timedelta(hours=hours) - timedelta(minutes=1)
        assert tried.counts == (outcome != "3.11")


def test_a_case_that_was_not_reached_comes_on_a_later_list_as_its_second_try(place):
    code = take_list(place, limit=1).rows[0].code
    take_results(place, [result(place, code, 结果="无人接听")])
    place.clock.at = interview(place, case_of(place, code)).due_at
    place.sql("UPDATE interview SET due_at = NULL WHERE case_id != :case", case=case_of(place, code))
    (row,) = take_list(place).rows
    assert row.number == 2 and row.code != code


def test_somebody_who_wants_no_more_calls_is_remembered_and_ends(place):
    code = take_list(place, limit=1).rows[0].code
    take_results(place, [result(place, code, 结果="2.11", 不再联系="是")])
    assert interview(place, case_of(place, code)).outcome == "2.11"
    assert place.sql("SELECT count(*) FROM opt_out") == [(1,)]


def test_the_same_file_and_the_same_line_twice_change_nothing_and_say_so(place):
    first, second = (row.code for row in take_list(place, limit=2).rows)
    lines = [result(place, first, **COMPLETE), result(place, second, 结果="占线")]
    take_results(place, lines)
    tables = ("interview", "attempt")
    before = [place.sql(f"SELECT * FROM {table}") for table in tables]
    with pytest.raises(Refused, match="imported into this round before"):
        take_results(place, lines)
    report = take_results(place, [*lines, lines[0]], name="again.csv")
    assert (report.lines, report.imported, report.repeated) == (3, 0, 3)
    assert [place.sql(f"SELECT * FROM {table}") for table in tables] == before


def test_a_line_twice_in_one_file_is_imported_once_and_another_about_the_same_code_is_bad(place):
    code = take_list(place, limit=1).rows[0].code
    line = result(place, code, 结果="占线")
    assert problems_of(place, line, result(place, code, 结果="空号")) == [(3, "编号", code, "repeated-code")]
    report = take_results(place, [line, line])
    assert (report.imported, report.repeated) == (1, 1)
    assert problems_of(place, result(place, code, 结果="空号")) == [(2, "编号", code, "reported-code")]


def test_every_bad_line_is_named_with_column_and_value_and_nothing_is_imported(place):
    codes = [row.code for row in take_list(place, limit=12).rows]
    late = {"拨打时间": "2026-06-09 10:00"}
    early = {"拨打时间": "2026-06-08 09:59"}
    lines = [
        result(place, "", 结果="占线"),
        result(place, "0123-4567", 结果="占线"),
        result(place, codes[2], 结果="成了"),
        result(place, codes[3]),
        result(place, codes[4], 结果="占线") | {"拨打时间": "昨天"},
        result(place, codes[5], 结果="占线") | late,
        result(place, codes[6], 结果="占线") | early,
        result(place, codes[7], 结果="占线", 通话秒数="three", 访问员编号="王小明" * 7, 不再联系="maybe"),
        result(place, codes[8], **COMPLETE | {"I3": "7", "P1": "9a"}),
        result(place, codes[9], **COMPLETE | {"Q0": "2", "结果": "4.10"}),
        result(place, codes[10], **COMPLETE | {"I3": ""}),
        result(place, codes[11], 结果="无人接听", Q0="1"),
        result(place, codes[0], 结果="完成", Q0="1", I1="1"),
        result(place, codes[1], 结果="完成"),
    ]
    found = problems_of(place, *lines)
    assert found[:12] == [
        (2, "编号", "", "missing"),
        (3, "编号", "0123-4567", "unknown-code"),
        (4, "结果", "成了", "unknown-outcome-word"),
        (5, "结果", "", "missing"),
        (6, "拨打时间", "昨天", "bad-time"),
        (7, "拨打时间", "2026-06-09 10:00", "in-future"),
        (8, "拨打时间", "2026-06-08 09:59", "before-list"),
        (9, "通话秒数", "three", "bad-seconds"),
        (9, "访问员编号", "王小明" * 7, "long-interviewer"),
        (9, "不再联系", "maybe", "not-yes-no"),
        (10, "I3", "7", "unknown-answer"),
        (10, "P1", "9a", "unknown-answer"),
    ]
    skipped = ["I1", "I2", "I3", "I4", "I5", "I6", "A1", "A2", "A3", "P1"]
    assert found[12:22] == [(11, code, "", "not-asked") for code in skipped]
    assert found[22:] == [
        (12, "I3", "", "not-answered"),
        (13, "Q0", "", "no-answers"),
        (14, "结果", "完成", "outcome-differs"),
        (15, "结果", "完成", "outcome-unfounded"),
    ]


def test_the_good_lines_are_imported_on_request_and_the_corrected_file_adds_the_rest(place):
    first, second = (row.code for row in take_list(place, limit=2).rows)
    lines = [result(place, first, 结果="占线"), result(place, second, 结果="成了")]
    report = take_results(place, lines, accept_good=True)
    assert (report.lines, report.imported, report.refused) == (2, 1, 1)
    lines[1] |= {"结果": "空号"}
    report = take_results(place, lines)
    assert (report.imported, report.repeated, report.refused) == (1, 1, 0)


def test_a_code_of_another_round_or_of_a_call_that_was_on_no_list_is_refused(place):
    first, second = (row.code for row in take_list(place, limit=2).rows)
    columns = [row[1] for row in place.sql("PRAGMA table_info(round)")]
    values = ", ".join({"id": "id + 1", "code": "'another'"}.get(name, f'"{name}"') for name in columns)
    place.sql(f"INSERT INTO round SELECT {values} FROM round")
    place.sql("UPDATE attempt SET round_id = round_id + 1 WHERE key = :key", key=key_of(first))
    place.sql("UPDATE attempt SET provider_sid = 'CA1' WHERE key = :key", key=key_of(second))
    found = problems_of(place, result(place, first, 结果="占线"), result(place, second, 结果="占线"))
    assert found == [(2, "编号", first, "foreign-code"), (3, "编号", second, "unknown-code")]


def test_a_file_that_lacks_columns_says_which(place):
    path = write_results(place.home / "short.csv", [], [name for name in HEADER if name not in ("I6", "P1")])
    with pytest.raises(BadLines, match="I6, P1"):
        place.on_round(import_results, path=path, actor="chair")


def test_answers_may_be_written_in_words_and_codes_without_hyphens(place):
    code = take_list(place, limit=1).rows[0].code
    said = COMPLETE | {"Q0": "是", "I1": "非常满意", "I2": "不了解", "A3": "no", "P1": "没有"}
    take_results(place, [result(place, key_of(code).upper(), **said)])
    answers = talk_to(place, case_of(place, code)).answers
    assert {name: answers[name] for name in ("Q0", "I1", "I2", "A3", "P1")} == {
        "Q0": "1",
        "I1": "1",
        "I2": "8",
        "A3": "1",
        "P1": "2",
    }


def test_a_workbook_in_which_a_spreadsheet_made_numbers_and_times_of_everything_is_read(place):
    """A day with time, seconds and answers as numbers, and AAPOR's 2.20 as the number 2.2."""
    first, second = (row.code for row in take_list(place, limit=2).rows)
    numbers = {name: int(COMPLETE[name]) for name in COMPLETE if name != "结果"}
    at = datetime(2026, 6, 8, 10, 15)
    book = openpyxl.Workbook()
    for cells in (
        {name: name for name in HEADER},
        {"编号": first, "结果": 1.1, "拨打时间": at, "通话秒数": 95.0, "访问员编号": 17, **numbers},
        {"编号": second, "结果": 2.2, "拨打时间": at},
    ):
        book.active.append([cells.get(name) for name in HEADER])
    book.save(place.home / "results.xlsx")
    report = place.on_round(import_results, path=place.home / "results.xlsx", actor="chair")
    assert report.encoding == "xlsx" and report.outcomes == {"1.1": 1, "2.20": 1}
    (tried,) = attempts(place, case_of(place, first))
    assert (tried.seconds, tried.interviewer) == (95, "17")
    assert tried.started_at == at.replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def test_a_case_answered_on_the_web_meanwhile_keeps_its_answers(place):
    code = take_list(place, limit=1).rows[0].code
    case = case_of(place, code)
    answer(place, case, "web", value="1")
    before = interview(place, case)
    report = take_results(place, [result(place, code, **COMPLETE)])
    assert (report.imported, report.superseded) == (1, 1)
    after = interview(place, case)
    assert (after.answers_cipher, after.channel, after.state) == (before.answers_cipher, "web", "answered")
    assert attempts(place, case)[0].state == "ended"


def test_no_answer_of_a_file_is_left_anywhere_but_encrypted_on_the_case(place):
    """Not in the ledger, the list of files, the trail or the installation's folder; and by no digest once it is sealed or closed."""
    said = COMPLETE | {"I1": "非常不满意", "I2": "非常不满意", "P1": "不愿回答"}
    work = take_list(place, limit=12)
    take_results(place, [result(place, row.code, **said) for row in work.rows])
    words = ("非常不满意", "不愿回答")
    with place.app.app_context():
        for table in db.metadata.sorted_tables:
            if table.name in ("configuration", "service_record"):
                continue
            text = str(place.sql(f'SELECT * FROM "{table.name}"'))
            assert not any(word in text for word in words), table.name
    assert not [path for path in place.home.rglob("*") if path.suffix in (".csv", ".xlsx") and path.stem != "records"]
    assert place.sql("SELECT count(*) FROM attempt WHERE line_digest != ''") == [(12,)]
    place.clock.advance(timedelta(hours=100))
    sealed = place.on_round(seal_answers)
    digests = "SELECT count(*) FROM attempt JOIN interview USING (case_id) WHERE line_digest != '' AND interview.state = 'sealed'"
    assert place.sql(digests) == [(0,)]
    place.on_round(close_round, actor="chair")
    assert sealed and place.sql("SELECT count(*) FROM attempt WHERE line_digest != ''") == [(0,)]
    assert place.sql("SELECT count(*) FROM result_file WHERE digest IS NOT NULL") == [(0,)]


def test_a_closed_round_takes_no_results_more(place):
    code = take_list(place, limit=1).rows[0].code
    place.on_round(close_round, actor="chair")
    with pytest.raises(Refused, match=ROUND):
        take_results(place, [result(place, code, **COMPLETE)])


def test_an_unfinished_interview_that_counts_is_kept_as_partial_or_complete(place):
    first, second = (row.code for row in take_list(place, limit=2).rows)
    partial = {"结果": "部分完成", "Q0": "1", "I1": "1", "I2": "1"}
    enough = {"结果": "完成", "Q0": "1", **{f"I{n}": "1" for n in range(1, 6)}}
    take_results(place, [result(place, first, **partial), result(place, second, **enough)])
    assert [interview(place, case_of(place, code)).outcome for code in (first, second)] == ["1.2", "1.1"]


def test_an_interview_broken_off_keeps_its_answers_and_is_gone_on_with(place):
    code = take_list(place, limit=1).rows[0].code
    take_results(place, [result(place, code, 结果="中途挂断", Q0="1", I1="5")])
    found = interview(place, case_of(place, code))
    assert (found.state, found.next_channel) == ("waiting", "voice")
    assert talk_to(place, case_of(place, code)).answers == {"Q0": "1", "I1": "5"}
