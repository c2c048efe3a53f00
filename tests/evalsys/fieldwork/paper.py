"""Batches of forms on paper in tests: made, keyed by people, accounted for."""

from __future__ import annotations

from evalsys.fieldwork.paper_batches import find_form, list_batches, make_batch, serial_of, sign_batch
from evalsys.fieldwork.paper_entry import account_form, key_form, settle_form
from evalsys.fieldwork.paper_models import PaperBatch, PaperForm
from tests.evalsys.installation import Installation

FILLED = {
    "said": "filled",
    "Q0": "1",
    **{f"I{n}": "2" for n in range(1, 7)},
    "A1": "1",
    "A2": "1",
    "A3": "1",
    "P1": "2",
}
KEYERS = ("zhao", "qian", "sun")


def print_batch(place: Installation, limit: int = 3, **chosen) -> list[str]:
    """A new batch; the serials of its forms."""
    wanted = {"units": [], "groups": [], "language": "zh", "actor": "chair"} | chosen
    batch: PaperBatch = place.on_round(make_batch, limit=limit, **wanted)
    return [serial_of(batch.id, number) for number in range(1, batch.forms + 1)]


def key(place: Installation, serial: str, content: dict, *keyers: str) -> PaperForm:
    """The form keyed alike by each of the keyers, by default by two."""
    for keyer in keyers or KEYERS[:2]:
        form = place.on_round(key_form, serial=serial, content=content, keyer=keyer)
    return form


def account(place: Installation, serial: str, said: str = "not_returned") -> PaperForm:
    return place.on_round(account_form, serial=serial, said=said, actor="chair")


def form_of(place: Installation, serial: str) -> PaperForm:
    return place.on_round(lambda s, r, round_: find_form(s, round_, serial))


def newest(place: Installation):
    """How the newest batch stands."""
    return place.on_round(lambda s, r, round_: list_batches(s, round_)[0])


def settle(place, serial: str, actor: str, reason: str = "the tick is between both, nearer to 2", **choices: str):
    return place.on_round(settle_form, serial=serial, choices=choices, reason=reason, actor=actor)


def sign(place, actor: str = "observer"):
    return place.on_round(sign_batch, batch_id=newest(place).batch.id, actor=actor)
