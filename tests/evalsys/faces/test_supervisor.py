"""A supervisor: invited by a link that is good once, part of the seed, able to repeat the draw, blind to persons, bound by minutes."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import zipfile

import pytest

from evalsys.accounts.actions import add_user
from evalsys.fieldwork.jobs import dial_numbers
from evalsys.fieldwork.releases import open_round
from evalsys.oversight.minutes import find_minutes_problem
from evalsys.oversight.models import Minutes
from evalsys.oversight.observers import INVITATION_LASTS, list_nonces
from evalsys.samples.draws import commit_frame
from evalsys.samples.imports import read_phone
from evalsys.samples.models import ServiceRecord
from surveys.sampling import verify_draw
from surveys.sampling.commitment import combine_nonces
from tests.evalsys.faces.staff import PASSWORD, PEOPLE, send, signed_in
from tests.evalsys.installation import BEACON, OPENING, ROUND, draw

OBSERVERS = f"/commission/rounds/{ROUND}/observers"
PAGE = f"/oversight/rounds/{ROUND}"
NONCE = "c0ffee" * 8


@pytest.fixture
def place(imported):
    """A round with records, not committed, and the commission's people."""
    for name, role in PEOPLE.items():
        imported.act(
            lambda s, r, n=name, k=role: add_user(s, r.clock, name=n, display_name=n, password=PASSWORD, roles=[k])
        )
    return imported


def invite(place, name: str = "Ms Zhou") -> str:
    """The link that the commission sends, as a path."""
    answer = send(signed_in(place.app, "chair"), OBSERVERS, name=name)
    return re.search(r"/observe/[0-9a-f]{32}", answer.text).group(0)


def accept(place, user_name: str = "zhou"):
    """A browser in which the invited supervisor is signed in."""
    link = invite(place)
    answer = send(place.app.test_client(), link, user_name=user_name, password=PASSWORD, again=PASSWORD)
    assert answer.status_code == 302, answer.text
    return signed_in(place.app, user_name)


def test_an_invitation_is_good_once_survives_being_looked_at_and_grows_old(place):
    link, client = invite(place), place.app.test_client()
    assert [client.get(link).status_code for _ in range(20)] == [200] * 20
    data = {"password": PASSWORD, "again": PASSWORD}
    assert send(client, link, user_name="zhou", **data).status_code == 302
    assert client.get(link).status_code == 404
    assert place.sql("select roles from user where name = 'zhou'") == [('["supervisor"]',)]
    late = invite(place)
    place.clock.advance(INVITATION_LASTS * 1.01)
    assert client.get(late).status_code == 404
    assert client.get("/observe/" + "0" * 32).status_code == 404


def test_a_supervisor_sees_the_rounds_that_they_observe_and_no_other(place):
    accept(place)
    place.act(
        lambda s, r: add_user(s, r.clock, name="other", display_name="o", password=PASSWORD, roles=["supervisor"])
    )
    other = signed_in(place.app, "other")
    for path in (PAGE, f"{PAGE}/draw.zip", f"{PAGE}/interviews", f"{PAGE}/minutes/1.json"):
        assert other.get(path).status_code == 404, path
    assert send(other, "/account", f"{PAGE}/nonce", nonce=NONCE).status_code == 404
    assert send(other, "/account", f"{PAGE}/minutes", text="I was not there").status_code == 404


def test_what_a_supervisor_contributes_enters_the_seed_and_the_draw_is_repeated_without_this_software(place, tmp_path):
    client = accept(place)
    assert send(client, PAGE, f"{PAGE}/nonce", nonce="no hex at all, though long enough to be one").status_code == 422
    assert send(client, PAGE, f"{PAGE}/nonce", nonce=NONCE).status_code == 302
    assert send(client, PAGE, f"{PAGE}/nonce", nonce="ab" * 16).status_code == 409, "one number each"
    assert NONCE not in str(place.sql("select * from observer")) + str(place.sql("select details from audit_entry"))
    answer = send(
        signed_in(place.app, "chair"),
        f"/commission/rounds/{ROUND}",
        f"/commission/rounds/{ROUND}/commitment",
        beacon_source=BEACON,
        dice_source="twenty dice",
    )
    assert answer.status_code == 302, answer.text
    assert send(client, PAGE, f"{PAGE}/nonce", nonce="ab" * 16).status_code == 409, "the frame is committed"
    assert client.get(f"{PAGE}/draw.zip").status_code == 409, "nonces are secret before the draw"
    draw(place)
    answer = client.get(f"{PAGE}/draw.zip")
    assert answer.status_code == 200, answer.text
    bundle = answer.data
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        names = archive.namelist()
        sources = archive.read(next(name for name in names if "sources" in name)).decode()
    assert NONCE in sources and not any("data/" in name or "scores/" in name for name in names)
    path = tmp_path / "draw.zip"
    path.write_bytes(bundle)
    said = subprocess.run([sys.executable, "-I", verify_draw.__file__, path], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
    path.write_bytes(bundle.replace(NONCE.encode(), b"d0ffee" * 8))
    said = subprocess.run([sys.executable, "-I", verify_draw.__file__, path], capture_output=True, text=True)
    assert said.returncode == 1


def test_several_nonces_are_joined_as_published(place):
    for user in ("zhou", "qian"):
        client = accept(place, user)
        send(client, PAGE, f"{PAGE}/nonce", nonce=(NONCE if user == "zhou" else "ab" * 20))
    given = place.on_round(list_nonces)
    assert set(given) == {NONCE, "ab" * 20}
    assert combine_nonces(given) == hashlib.sha256("\n".join(sorted(given)).encode()).hexdigest()


def test_interviews_are_followed_without_identity(place):
    client = accept(place)
    place.on_round(commit_frame, actor="chair", beacon_source=BEACON, dice_source="twenty dice")
    draw(place)
    place.clock.at = OPENING
    place.on_round(open_round, actor="chair")
    place.do_job(dial_numbers)
    page = client.get(f"{PAGE}/interviews?lang=en").text
    cids = [cid for (cid,) in place.sql('select c.cid from attempt a join "case" c on c.id = a.case_id')]
    assert sum(f"<code>{cid[:8]}…</code>" in page for cid in cids) == min(50, len(set(cids))) > 0
    assert not any(cid in page for cid in cids)
    numbers = place.act(lambda s, r: [read_phone(r, record) for record in s.query(ServiceRecord)])
    records = [number for (number,) in place.sql("select record_no from service_record")]
    assert len(numbers) == 600
    assert not any(number[-4:] + "<" in page or number in page for number in numbers)
    assert not any(number in page for number in records)


def test_minutes_cannot_be_changed_unseen(place):
    client = accept(place)
    answer = send(client, PAGE, f"{PAGE}/minutes", text="The dice were rolled openly.", seen=["sources"])
    assert answer.status_code == 302, answer.text
    page = client.get(f"{PAGE}?lang=en").text
    assert "The dice were rolled openly." in page and "not the one that was signed" not in page
    kept = client.get(f"{PAGE}/minutes/1.json")
    key = place.runtime.keyring.signing_key().public_key()
    key.verify(bytes.fromhex(kept.headers["X-Signature-Ed25519"]), kept.data)

    def problem():
        return place.act(lambda s, r: find_minutes_problem(s, r, s.get(Minutes, 1)))

    assert problem() == ""
    place.sql("update minutes set document = replace(document, 'openly', 'in secret')")
    assert problem() == "signature"
    assert "not the one that was signed" in client.get(f"{PAGE}?lang=en").text
    assert "not the one that was signed" in signed_in(place.app, "chair").get(OBSERVERS).text
    assert [
        rule.rule for rule in place.app.url_map.iter_rules() if "minutes" in rule.rule and "PUT" in rule.methods
    ] == []


def test_minutes_signed_again_by_whoever_holds_the_key_are_not_those_of_the_trail(place):
    client = accept(place)
    send(client, PAGE, f"{PAGE}/minutes", text="The dice were rolled openly.")

    def forge(session, runtime):
        one = session.get(Minutes, 1)
        one.document = one.document.replace("openly", "in secret")
        one.signature = runtime.keyring.signing_key().sign(one.document.encode()).hex()

    place.act(forge)
    assert place.act(lambda s, r: find_minutes_problem(s, r, s.get(Minutes, 1))) == "trail"
