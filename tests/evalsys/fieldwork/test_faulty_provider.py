"""Whatever a provider, its callbacks, respondents, staff and dying workers do in whatever order, nobody is called twice and no case is
lost: a state machine over the product itself, at least ten thousand steps."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import evalsys.fieldwork.dialling
from evalsys.base.database import db
from evalsys.design.queries import get_round
from evalsys.fieldwork.callbacks import receive_status
from evalsys.fieldwork.calls import keep_said
from evalsys.fieldwork.closing import close_round
from evalsys.fieldwork.dialling import LOST_AFTER, SILENT_AFTER
from evalsys.fieldwork.interviews import opt_out, refuse_interview
from evalsys.fieldwork.jobs import (
    GIVEN_UP_AFTER,
    apply_callbacks,
    dial_numbers,
    reconcile_attempts,
    release_replicates,
    seal_ready_answers,
    send_messages,
)
from evalsys.fieldwork.releases import BEATS, open_round, pause_round, resume_round
from evalsys.fieldwork.sealing import require_balance
from evalsys.samples.imports import import_service_records, read_phone
from evalsys.samples.models import Case
from tests.evalsys.fieldwork.faulty_telephone import CALL_ENDS, MESSAGE_ENDS, TAKES, FaultyTelephone, WorkerKilled
from tests.evalsys.fieldwork.working import answer
from tests.evalsys.installation import OPENING, ROUND, Installation, commit, draw, make_draft, tiny_city, write_records

EXAMPLES, STEPS = 130, 100
BEAT = timedelta(seconds=BEATS["field.reconcile"])
FINAL = ("answered", "sealed", "ended")

some = st.integers(0, 40)
#: one of the cases, or most often nobody
anybody = st.integers(0, 150)
minutes = st.sampled_from((1, 2, 6, 20, 61, 180, 600, 1440, 2880))


SMS = tiny_city().configuration["fieldwork"]["sms"] | {
    "reminder_days": [0.1, 0.2],
    **{
        name: {"zh": f"{{unit}}：{link} 拒收回T", "en": f"{{unit}}: {link} Reply STOP."}
        for name, link in (("reminder_1", "{link}"), ("reminder_2", "{link}"), ("thanks", ""))
    },
}


def make_small(home) -> Installation:
    """An open round of three units with few cases, of which some are released."""
    place = make_draft(
        home, quota=6, replicate_size=12, random_arm_share=0.5, quality_hold_hours=1, phone_after_sms_hours=24, sms=SMS
    )
    rows = [
        (
            f"{unit}-{number}",
            unit,
            "",
            ("个人", "企业")[number % 2],
            f"1740{which}00{number:04d}",
            "2026-03-02",
            "办证",
            "370102",
        )
        for which, unit in enumerate(("U001", "U002", "U004"))
        for number in range(30)
    ]
    place.on_round(import_service_records, path=write_records(home / "records.csv", rows), actor="designer")
    commit(place)
    draw(place)
    place.clock.at = OPENING
    place.on_round(open_round, actor="chair")
    return place


class Fieldwork(RuleBasedStateMachine):
    """Fieldwork of one small round, from its opening to its close."""

    place: Installation
    pristine: bytes
    steps = 0
    did: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        place = self.place
        file = place.home / "evalsys.sqlite"
        with place.app.app_context():
            db.engine.dispose()
        for rest in ("-wal", "-shm"):
            file.with_name(file.name + rest).unlink(missing_ok=True)
        file.write_bytes(self.pristine)
        place.clock.at = OPENING
        self.telephone = FaultyTelephone(place.clock, self._others_go_on)
        place.runtime.telephone = self.telephone
        self.look = sqlite3.connect(file)
        self.ended: dict[int, tuple] = {}
        self.settled: dict[int, str] = {}
        self.set_back = 0

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def rows(self, statement: str, *values) -> list[tuple]:
        """What stands in the database."""
        return self.look.execute(statement, values).fetchall()

    def case_of(self, key: str) -> int:
        return self.rows("SELECT case_id FROM attempt WHERE key = ?", key)[0][0]

    def cases(self, which: int) -> list[int]:
        """The case in that place, if there are so many."""
        found = self.rows("SELECT case_id FROM interview ORDER BY case_id LIMIT 1 OFFSET ?", which)
        return [case for (case,) in found]

    def _others_go_on(self) -> None:
        """While a worker stands still, its lease runs out, and others reconcile and dial."""
        self.telephone.use("accept")
        for _ in range(2):
            self.place.clock.advance(GIVEN_UP_AFTER + BEAT)
            self.place.do_job(reconcile_attempts)
        self.place.clock.advance(timedelta(hours=2))
        self.place.do_job(dial_numbers)

    # ── the workers ──────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(
        takes=st.lists(st.sampled_from(TAKES), min_size=1, max_size=4),
        job=st.sampled_from((dial_numbers, send_messages)),
    )
    def contact(self, takes, job):
        self.contact_by(job, takes)

    @rule(hours=st.lists(st.lists(st.sampled_from(TAKES), min_size=1, max_size=4), min_size=1, max_size=3))
    def whoever_is_due_next_is_contacted(self, hours):
        """The hour comes at which the next case is due, and whoever paused the round has let it go on by then."""
        if self.place.act(lambda s, r: get_round(s, ROUND).state) == "paused":
            self.pause_or_resume()
        for takes in hours:
            due = self.rows("SELECT min(due_at) FROM interview WHERE state = 'waiting'")[0][0]
            now = self.place.clock.now() + BEAT
            self.place.clock.at = max(now, type(now).fromisoformat(due).replace(tzinfo=now.tzinfo)) if due else now
            for job in (dial_numbers, send_messages):
                self.contact_by(job, takes)

    def contact_by(self, job, takes):
        self.telephone.use(*takes)
        with suppress(WorkerKilled):
            self.place.do_job(job)

    @rule()
    def apply(self):
        self.place.do_job(apply_callbacks)

    @rule(deaf=st.booleans())
    def reconcile(self, deaf):
        self.telephone.deaf = deaf
        self.place.do_job(reconcile_attempts)
        if not deaf:
            self.nothing_is_left_unsettled()

    @rule()
    def release(self):
        self.place.do_job(release_replicates)

    @rule()
    def seal(self):
        self.place.do_job(seal_ready_answers)

    # ── the provider ─────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(ends=st.lists(st.tuples(some, st.sampled_from(sorted(CALL_ENDS))), min_size=1, max_size=4))
    def calls_end(self, ends):
        for which, how in ends:
            if calls := self.telephone.under_way("voice"):
                self.telephone.finish(calls[which % len(calls)], how)

    @rule(ends=st.lists(st.tuples(some, st.sampled_from(sorted(MESSAGE_ENDS))), min_size=1, max_size=4))
    def messages_end(self, ends):
        for which, how in ends:
            if messages := self.telephone.under_way("sms"):
                self.telephone.finish(messages[which % len(messages)], how)

    @rule(
        order=st.lists(st.tuples(some, st.sampled_from(("once", "twice", "kept", "dropped"))), min_size=1, max_size=8)
    )
    def deliver(self, order):
        """Callbacks arrive in any order, once or twice, again later (``kept``), or never."""
        for which, how in order:
            if not self.telephone.pending:
                return
            number = which % len(self.telephone.pending)
            key, form = self.telephone.pending[number]
            with self.place.app.app_context():
                for _ in range({"dropped": 0, "twice": 2}.get(how, 1)):
                    receive_status(self.place.runtime, key, form)
            if how != "kept":
                self.telephone.pending.pop(number)

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(
        people=st.lists(
            st.tuples(some, st.sampled_from(("answers", "answers", "breaks off", "refuses", "opts out"))),
            min_size=1,
            max_size=4,
        )
    )
    def people_pick_up(self, people):
        for which, how in people:
            if calls := self.telephone.under_way("voice"):
                self.talk(calls[which % len(calls)], how)

    def talk(self, call, how: str) -> None:
        case = self.case_of(call.key)
        said = "refused" if how in ("refuses", "opts out") else "consented"
        self.place.act(lambda s, r: keep_said(s, call.key, said))
        if how == "answers":
            answer(self.place, case, "voice")
        elif how == "breaks off":
            answer(self.place, case, "voice", 1)
        elif how == "refuses":
            self.place.act(lambda s, r: refuse_interview(s, r, case))
        else:
            self.opt_out_of(case)
        self.telephone.finish(call, "human")

    @rule(which=anybody, questions=st.sampled_from((1, 20)))
    def somebody_answers_on_the_web(self, which, questions):
        for case in self.cases(which):
            answer(self.place, case, "web", questions)

    @rule(which=some)
    def an_invited_person_answers_on_the_web(self, which):
        invited = self.rows(
            "SELECT DISTINCT case_id FROM attempt WHERE channel = 'sms' AND outcome = '3.19' ORDER BY 1"
        )
        if invited:
            answer(self.place, invited[which % len(invited)][0], "web", 20)

    @rule(which=anybody)
    def somebody_opts_out_on_the_web(self, which):
        for case in self.cases(which):
            self.opt_out_of(case)

    def opt_out_of(self, case: int) -> None:
        self.place.act(lambda s, r: opt_out(s, r, case))
        self.telephone.opted_out.add(self.place.act(lambda s, r: read_phone(r, s.get(Case, case).record)))

    # ── staff and time ───────────────────────────────────────────────────────────────────────────────────────────────

    @rule()
    def pause_or_resume(self):
        state = self.place.act(lambda s, r: get_round(s, ROUND).state)
        self.place.on_round(pause_round if state == "open" else resume_round, actor="chair")

    @rule(ahead=minutes)
    def time_passes(self, ahead):
        self.place.clock.advance(timedelta(minutes=ahead))

    @rule(hours=st.sampled_from((-1, 1)))
    def the_clock_is_set(self, hours):
        self.place.clock.advance(timedelta(hours=hours))
        self.set_back += hours < 0

    # ── what always holds ────────────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def a_step_was_made(self):
        type(self).steps += 1

    @invariant()
    def nobody_is_contacted_wrongly(self):
        assert self.telephone.wrong == []

    @invariant()
    def no_case_has_two_attempts_of_open_fate(self):
        assert not self.rows("SELECT case_id FROM attempt WHERE state != 'ended' GROUP BY case_id HAVING count(*) > 1")

    @invariant()
    def a_case_is_called_while_an_attempt_is_open_and_only_then(self):
        lost = self.rows(
            "SELECT case_id FROM interview WHERE state = 'calling' AND NOT EXISTS"
            " (SELECT 1 FROM attempt a WHERE a.case_id = interview.case_id AND a.state != 'ended')"
        )
        doubtful = self.rows(
            "SELECT case_id FROM interview WHERE state = 'waiting' AND due_at IS NOT NULL AND EXISTS"
            " (SELECT 1 FROM attempt a WHERE a.case_id = interview.case_id AND a.state != 'ended')"
        )
        assert (lost, doubtful) == ([], [])

    @invariant()
    def no_final_state_goes_back(self):
        for case, state, outcome in self.rows("SELECT case_id, state, outcome FROM interview"):
            before = self.ended.get(case)
            if before:
                assert (state, outcome) in {before, ("sealed" if before[0] == "answered" else before[0], before[1])}
            if state in FINAL:
                assert outcome
                self.ended[case] = (state, outcome)
        settled = dict(self.rows("SELECT id, outcome FROM attempt WHERE state = 'ended'"))
        assert settled.items() >= self.settled.items()
        assert all(settled.values())
        self.settled = settled

    def nothing_is_left_unsettled(self) -> None:
        """After a beat of reconciliation that the provider answered."""
        now, book = self.place.clock.now(), {entry.key: entry for entry in self.telephone.book}
        for key, state, planned in self.rows("SELECT key, state, planned_at FROM attempt WHERE state != 'ended'"):
            age = now.replace(tzinfo=None) - type(now).fromisoformat(planned)
            entry = book.get(key)
            if entry is None:
                assert age <= GIVEN_UP_AFTER, "an attempt that the provider never had is not given up"
            elif entry.is_over:
                assert age <= (SILENT_AFTER if state == "placed" else LOST_AFTER), (
                    "what the provider knows is not settled"
                )

    def teardown(self) -> None:
        """The round closes; late callbacks come, calls end, and a last beat of reconciliation follows."""
        telephone = self.telephone
        try:
            self.place.on_round(close_round, actor="chair")
            for entry in telephone.book:
                if not entry.is_over:
                    telephone.finish(entry, "no-answer" if entry.channel == "voice" else "delivered")
            telephone.deaf = False
            # Where the clock was set back, the last attempts lie ahead of it.
            self.place.clock.advance(SILENT_AFTER + BEAT + timedelta(hours=self.set_back))
            self.place.do_job(apply_callbacks)
            self.place.do_job(reconcile_attempts)
            assert self.rows("SELECT id FROM attempt WHERE state != 'ended'") == []
            assert (
                self.rows("SELECT case_id FROM interview WHERE state NOT IN ('sealed', 'ended') OR outcome = ''") == []
            )
            self.no_final_state_goes_back()
            balance = self.place.on_round(lambda s, r, round_: require_balance(s, round_))
            stored = dict(self.rows("SELECT channel, sum(answers) FROM sealed_block GROUP BY channel"))
            assert {channel: count["sealed"] for channel, count in balance.items()} == stored
            known = dict(self.rows("SELECT key, provider_sid FROM attempt"))
            assert [entry.key for entry in telephone.book if known[entry.key] != entry.sid] == []
            type(self).did.update(entry.channel for entry in telephone.book)
            type(self).did.update(
                message for (message,) in self.rows("SELECT message FROM attempt WHERE message != ''")
            )
            type(self).did.update(f"answered by {channel}" for channel in balance for _ in range(stored[channel]))
        finally:
            self.look.close()


def test_no_double_call_no_lost_case_and_no_open_fate_whatever_happens(tmp_path):
    place = make_small(tmp_path / "home")
    with place.app.app_context():
        db.engine.dispose()
    Fieldwork.place, Fieldwork.pristine = place, (place.home / "evalsys.sqlite").read_bytes()
    Fieldwork.steps, Fieldwork.did = 0, Counter()
    # One thread, so that what is drawn is all that differs between two runs.
    with patch.object(evalsys.fieldwork.dialling, "_THREADS", 1):
        run_state_machine_as_test(
            Fieldwork,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                suppress_health_check=list(HealthCheck),
                deadline=None,
                phases=[Phase.generate],
            ),
        )
    assert Fieldwork.steps - EXAMPLES >= 10_000
    # And it did happen: hundreds of contacts, and dozens of interviews by either way.
    assert min(Fieldwork.did[kind] for kind in ("voice", "sms")) > 200
    assert min(Fieldwork.did[kind] for kind in ("reminder_1", "thanks")) > 0
    assert min(Fieldwork.did[kind] for kind in ("answered by voice", "answered by web")) > 20
