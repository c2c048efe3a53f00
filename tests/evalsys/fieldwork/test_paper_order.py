"""Whatever order people work in at a batch of forms, a form counts only as two read it or one settled it."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from evalsys.base.errors import Refused
from evalsys.fieldwork.paper_entry import key_form
from tests.evalsys.fieldwork.paper import FILLED, KEYERS, account, form_of, newest, print_batch, settle, sign
from tests.evalsys.fieldwork.working import talk_to
from tests.evalsys.installation import copy_of, make_open


class Batch(RuleBasedStateMachine):
    """Three people at one batch in any order: nothing is recorded that two of them did not read alike or settle."""

    source = None
    homes = None

    def __init__(self):
        super().__init__()
        self.place = copy_of(type(self).source, next(type(self).homes))
        self.serials = print_batch(self.place, 3)
        self.read = {serial: [] for serial in self.serials}
        self.settled: dict[str, str] = {}
        self.gone: set[str] = set()
        self.signed = False

    def is_done(self, serial: str) -> bool:
        read = [value for _, value in self.read[serial]]
        return serial in self.gone or serial in self.settled or any(read.count(value) > 1 for value in read)

    @rule(at=st.integers(0, 2), keyer=st.sampled_from(KEYERS), value=st.sampled_from("125"))
    def key(self, at, keyer, value):
        serial = self.serials[at]
        known = [who for who, _ in self.read[serial]]
        refused = self.signed or self.is_done(serial) or keyer in known
        if refused:
            with pytest.raises(Refused):
                self.place.on_round(key_form, serial=serial, content={**FILLED, "I1": value}, keyer=keyer)
        else:
            self.place.on_round(key_form, serial=serial, content={**FILLED, "I1": value}, keyer=keyer)
            self.read[serial].append((keyer, value))

    @rule(at=st.integers(0, 2), actor=st.sampled_from((*KEYERS, "chair")))
    def settle(self, at, actor):
        serial = self.serials[at]
        read = self.read[serial]
        if len(read) >= 2 and not self.is_done(serial) and not self.signed and actor in [who for who, _ in read]:
            settle(self.place, serial, actor, I1=read[0][1])
            self.settled[serial] = read[0][1]
        else:
            with pytest.raises(Refused):
                settle(self.place, serial, actor, I1="1")

    @rule(at=st.integers(0, 2))
    def account(self, at):
        serial = self.serials[at]
        if self.signed or self.read[serial] or serial in self.gone:
            with pytest.raises(Refused):
                account(self.place, serial)
        else:
            account(self.place, serial)
            self.gone.add(serial)

    @precondition(lambda self: not self.signed)
    @rule()
    def sign(self):
        if all(self.is_done(serial) for serial in self.serials):
            sign(self.place)
            self.signed = True
        else:
            with pytest.raises(Refused):
                sign(self.place)

    @invariant()
    def what_is_stored_is_what_two_read_or_one_settled(self):
        for serial in self.serials:
            form = form_of(self.place, serial)
            answers = talk_to(self.place, form.case_id).answers
            read = [value for _, value in self.read[serial]]
            right = self.settled.get(serial) or next((value for value in read if read.count(value) > 1), None)
            assert answers.get("I1") == right
            assert (form.state == "done") == self.is_done(serial)
            assert (serial in newest(self.place).missing) == (not read and serial not in self.gone)


def test_whatever_order_people_work_in_a_form_counts_only_as_two_read_it(tmp_path):
    Batch.source = make_open(tmp_path / "opened", mode_sequence=["phone"], random_arm_share=0.0)
    Batch.homes = (tmp_path / str(number) for number in range(1000))
    run_state_machine_as_test(Batch, settings=settings(max_examples=12, stateful_step_count=14, deadline=None))
