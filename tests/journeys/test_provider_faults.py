"""The provider takes a call and its answer never arrives: over real HTTP, by the official SDK, nobody is called again for it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from evalsys.fieldwork.dialling import LOST_AFTER, SILENT_AFTER
from evalsys.fieldwork.jobs import GIVEN_UP_AFTER, dial_numbers, reconcile_attempts
from evalsys.gateways.simulator.app import create_simulator
from evalsys.gateways.simulator.faults import Faults
from evalsys.gateways.twilio import TwilioTelephone
from tests.evalsys.gateways.conftest import ACCOUNT, TOKEN
from tests.evalsys.installation import make_open
from tests.services.serving import serving

FAULTS = {
    "the answer is an error": Faults(fail_after_accepting=1),
    "the answer comes too late": Faults(hang_after_accepting=1, hang_seconds=1.0),
}


@pytest.mark.parametrize("what", FAULTS)
def test_calls_that_were_taken_without_an_answer_are_found_and_never_made_again(tmp_path, what):
    place = make_open(tmp_path / "home", mode_sequence=["phone"], random_arm_share=0.0, replicate_size=4, quota=1)
    simulator = create_simulator(ACCOUNT, TOKEN, place.clock)
    engine = simulator.extensions["engine"]
    with serving(simulator) as address:
        place.runtime.telephone = TwilioTelephone(ACCOUNT, TOKEN, address, time_out_seconds=0.3)
        engine.faults = FAULTS[what]
        place.do_job(dial_numbers)
        cases = len(place.sql("SELECT id FROM attempt WHERE channel = 'voice'"))
        assert cases > 5
        assert states(place) == {"unknown": cases}
        assert engine.statistics()["calls"] == cases

        for _ in range(3):
            place.clock.advance(timedelta(seconds=20))
            place.do_job(dial_numbers)
        place.clock.advance(LOST_AFTER)
        place.do_job(reconcile_attempts)
        assert states(place) == {"placed": cases}

        # Its callbacks find nobody either, as no page of ours is served here: what became of the calls is asked for in the end.
        engine.faults = Faults()
        place.clock.advance(SILENT_AFTER + GIVEN_UP_AFTER)
        engine.run(place.clock.now())
        place.do_job(reconcile_attempts)
        assert states(place) == {"ended": cases}
        assert engine.statistics()["calls"] == cases
        assert place.sql("SELECT count(*), count(DISTINCT case_id), count(DISTINCT provider_sid) FROM attempt") == [
            (cases, cases, cases)
        ]


def states(place) -> Counter[str]:
    return Counter(state for (state,) in place.sql("SELECT state FROM attempt"))
