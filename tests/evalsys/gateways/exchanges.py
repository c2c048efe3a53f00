"""One play of everything that the product asks of its provider and everything that the simulator answers."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
import urllib3

from evalsys.gateways.port import ProviderRefused, ProviderUnknown
from tests.evalsys.gateways.conftest import ACCOUNT, START, TOKEN, Product, Simulation
from tests.evalsys.gateways.provider_schema import Exchange

NOBODY = "+8613800000001"


def play_every_exchange(simulation: Simulation, product: Product) -> list[Exchange]:
    """Calls and messages made, listed before, during and after, and fetched; then each error.

    People who talk, machines, people who are busy or do not answer, and a number that nobody has; the product's own
    client sends whatever the product sends, and plain requests what only rehearsals ask for.
    """
    telephone, population = simulation.telephone(), simulation.engine.population
    kinds = {population.plan_call(citizen, 1).kind: phone for phone, citizen in population.citizens.items()}
    phones = [*kinds.values(), NOBODY]
    calls = [telephone.place_call(simulation.call_request(f"c{n}", to)) for n, to in enumerate(phones)]
    messages = [telephone.send_message(simulation.message_request(f"m{n}", to)) for n, to in enumerate(phones)]
    telephone.end_call(telephone.place_call(simulation.call_request("h1", phones[0], "async")))
    for seconds in (0, 2, 60, 3600):
        simulation.run(seconds=seconds)
        for phone in phones:
            telephone.find_calls(phone, START)
            telephone.find_messages(phone, START)
        for sid in calls:
            _ask(simulation, "GET", f"Calls/{sid}.json")
        for sid in messages:
            _ask(simulation, "GET", f"Messages/{sid}.json")
    for page in range(len(calls)):
        _ask(simulation, "GET", f"Calls.json?PageSize=1&Page={page}")
    _play_errors(simulation, telephone, calls[0])
    return simulation.exchanges


def _play_errors(simulation: Simulation, telephone, sid: str) -> None:
    """A faulty request of each kind, a wrong password, another account, what is not there, too many, and a failure."""
    for what in ("Calls", "Messages"):
        _ask(simulation, "POST", f"{what}.json", {"To": NOBODY})
        _ask(simulation, "GET", f"{what}.json?PageSize=0")
        _ask(simulation, "GET", f"{what}/{sid[::-1]}.json")
        _ask(simulation, "GET", f"{what}.json", token="wrong")
        _ask(simulation, "GET", f"{what}.json", account="AC" + "2" * 32)
    for fault, told in (("refuse", ProviderRefused), ("fail_after_accepting", ProviderUnknown)):
        assert simulation.control("faults", {fault: 1})[0] == 200
        with pytest.raises(told):
            telephone.place_call(simulation.call_request("e2", NOBODY))
        with pytest.raises(told):
            telephone.send_message(simulation.message_request("e3", NOBODY))


def _ask(
    simulation: Simulation, method: str, path: str, form=None, *, token: str = TOKEN, account: str = ACCOUNT
) -> None:
    headers = urllib3.make_headers(basic_auth=f"{ACCOUNT}:{token}")
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    body = urlencode(form) if form else None
    simulation.http.request(
        method, f"{simulation.address}/2010-04-01/Accounts/{account}/{path}", headers=headers, body=body
    )
