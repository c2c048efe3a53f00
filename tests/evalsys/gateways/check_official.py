"""``python -m tests.evalsys.gateways.check_official FILE``: the telephone and its simulator against the official document.

FILE is the provider's own OpenAPI document, which is not part of this project. The real SDK's client plays every exchange of
``play_every_exchange`` with the simulator over loopback; each request of the product and each answer is then held against
FILE, and so is our own schema: a request that FILE refuses must be refused by ours. A sentence on each violation, and
status 1 where there is one; status 2 where FILE is no such document.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import structlog

from tests.evalsys.gateways.conftest import Product, make_product, simulating
from tests.evalsys.gateways.exchanges import play_every_exchange
from tests.evalsys.gateways.official_document import OfficialDocument
from tests.evalsys.gateways.provider_schema import Exchange, request_faults
from tests.services.serving import serving

NONSENSE = ("", "no-such-word", "-1")


def list_variations(exchange: Exchange) -> Iterator[Exchange]:
    """The request with each parameter left out, given twice, and turned to nonsense; with one that nobody knows; by
    another method; and to another address."""
    for part in ("query", "form"):
        given = getattr(exchange, part)
        yield replace(exchange, **{part: (*given, ("NoSuchName", "1"))})
        for place, (name, value) in enumerate(given):
            rest = given[:place] + given[place + 1 :]
            yield replace(exchange, **{part: rest})
            yield replace(exchange, **{part: (*given, (name, value))})
            for nonsense in NONSENSE:
                yield replace(exchange, **{part: (*rest, (name, nonsense))})
    yield replace(exchange, method="PATCH")
    yield replace(exchange, path=exchange.path.replace("/Accounts/AC", "/Accounts/XX"))


def leniencies(document: OfficialDocument, requests: Iterable[Exchange]) -> Iterator[str]:
    """Requests that the document refuses and our own schema lets through, a sentence each."""
    for request in requests:
        for variation in list_variations(request):
            faults = document.request_faults(variation)
            if faults and not request_faults(variation):
                yield f"{faults[0]}, which our own schema lets through"


def check(path: str) -> int:
    """Plays and compares; the status that the program ends with."""
    try:
        document = OfficialDocument.read(path)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    product = Product()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(make_product(product)) as product.address,
        simulating(product, Path(folder)) as simulation,
    ):
        exchanges = list(play_every_exchange(simulation, product))
    requests = [exchange for exchange in exchanges if exchange.by_product]
    faults = Counter(fault for exchange in requests for fault in document.request_faults(exchange))
    faults += Counter(fault for exchange in exchanges for fault in document.answer_faults(exchange))
    faults += Counter(leniencies(document, requests))
    for fault, times in faults.items():
        print(f"{fault} ({times} times)" if times > 1 else fault, file=sys.stderr)
    print(
        f"{len(requests)} requests of the product and {len(exchanges)} answers of the simulator: "
        f"{faults.total()} violations of {path}"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Write: python -m tests.evalsys.gateways.check_official FILE")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sys.exit(check(sys.argv[1]))
