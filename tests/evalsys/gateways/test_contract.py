"""What every provider behind the telephone port keeps to: the contract that fieldwork relies on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evalsys.gateways.files import CallCentreFiles
from evalsys.gateways.port import ProviderRefused
from tests.evalsys.gateways.conftest import START, phone_of

CONTACTS = [
    pytest.param("place_call", "find_calls", "call_request", id="call"),
    pytest.param("send_message", "find_messages", "message_request", id="message"),
]


@pytest.fixture(params=["twilio client to the simulator", "call-centre files"])
def telephone(request, simulation):
    return simulation.telephone() if request.param.startswith("twilio") else CallCentreFiles()


@pytest.mark.parametrize(("send", "find", "make_request"), CONTACTS)
def test_a_request_is_either_accepted_and_found_again_or_refused_and_not_found(
    telephone, simulation, send, find, make_request
):
    asked = getattr(simulation, make_request)("k1", phone_of(1))
    try:
        expected = [getattr(telephone, send)(asked)]
    except ProviderRefused as refusal:
        assert refusal.code and str(refusal).endswith(".")
        expected = []
    found = getattr(telephone, find)(phone_of(1), START)
    assert [contact.sid for contact in found] == expected


@pytest.mark.parametrize(("send", "find", "make_request"), CONTACTS)
def test_what_is_found_went_to_that_number_since_that_moment_newest_first(
    telephone, simulation, send, find, make_request
):
    sids = {}
    for number, phone in enumerate([phone_of(1), phone_of(2), phone_of(1), phone_of(1)]):
        simulation.clock.at = START + timedelta(hours=number)
        try:
            sids[number] = getattr(telephone, send)(getattr(simulation, make_request)(f"k{number}", phone))
        except ProviderRefused:
            continue
    found = getattr(telephone, find)(phone_of(1), START + timedelta(hours=1))
    assert [contact.sid for contact in found] == [sids[number] for number in (3, 2) if number in sids]
    assert {contact.to for contact in found} <= {phone_of(1)}
    assert [contact.started_at for contact in found] == [START + timedelta(hours=h) for h in (3, 2) if h in sids]


@pytest.mark.parametrize(("send", "find", "make_request"), CONTACTS)
def test_a_number_nobody_was_asked_to_contact_is_not_found(telephone, simulation, send, find, make_request):
    assert getattr(telephone, find)(phone_of(9), START) == []


def test_a_call_that_is_not_under_way_cannot_be_hung_up(telephone, simulation):
    with pytest.raises(ProviderRefused):
        telephone.end_call("CA" + "f" * 32)
    try:
        sid = telephone.place_call(simulation.call_request("k1", phone_of(1)))
    except ProviderRefused:
        return
    simulation.run(minutes=30)
    with pytest.raises(ProviderRefused) as refused:
        telephone.end_call(sid)
    assert refused.value.code == "21220" and not refused.value.retry_later
