"""The bundle: whatever byte of it is changed, opening it says where."""

from __future__ import annotations

import random
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsys.results import archive
from evalsys.results.container import BundleError, open_bundle, write_bundle

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
MEMBERS = {
    "draw/frame.txt": b"S|1\nS|2\nS|3\n",
    "results/scores.csv": "单位,得分\nU1,81.25\n".encode(),
    "results/empty.txt": b"",
    "results/tail.json": b'{"no":"line feed"}',
    "data/answers.parquet": bytes(range(64)),
}


def write(folder: Path, members=MEMBERS, key=KEY, kind="public") -> Path:
    path = folder / "bundle-R1.zip"
    write_bundle(path, "R1", kind, members, key)
    return path


@dataclass(frozen=True)
class Spot:
    """What stands at a byte of the archive: a member's line, or its header, or (no member) the directory."""

    member: str | None
    line: int | None


def spots(path: Path) -> list[Spot]:
    """Say for each byte what stands there, as Python's own zip reader sees the archive."""
    content = path.read_bytes()
    places = [Spot(None, None)] * len(content)
    with zipfile.ZipFile(path) as opened:
        for info in opened.infolist():
            begins_at = info.header_offset + 30 + len(info.filename)
            text = not info.filename.endswith(".parquet")
            line = 1
            for at in range(begins_at, begins_at + info.file_size):
                places[at] = Spot(info.filename, line if text else None)
                line += content[at] == 10
    return places


def test_a_bundle_gives_back_what_was_put_in_and_says_who_signed_it(tmp_path):
    path = write(tmp_path)
    bundle = open_bundle(path, KEY.public_key())
    assert bundle.names() == sorted(MEMBERS)
    assert {name: bundle.read(name) for name in bundle.names()} == MEMBERS
    assert list(bundle.lines("results/scores.csv")) == ["单位,得分", "U1,81.25"]
    assert list(bundle.lines("results/tail.json")) == ['{"no":"line feed"}']
    assert (bundle.round_id, bundle.kind) == ("R1", "public")
    assert bundle.public_key == KEY.public_key().public_bytes_raw()
    bundle.extract("data/answers.parquet", tmp_path / "answers")
    assert (tmp_path / "answers").read_bytes() == MEMBERS["data/answers.parquet"]


def test_equal_members_give_equal_bytes_in_any_order_from_memory_or_from_files(tmp_path):
    (tmp_path / "files").mkdir()
    from_files = {}
    for number, (name, content) in enumerate(reversed(MEMBERS.items())):
        from_files[name] = tmp_path / "files" / str(number)
        from_files[name].write_bytes(content)
    first = write(tmp_path).read_bytes()
    assert write(tmp_path, from_files).read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle-R1.zip", "files"]


def test_common_tools_can_unpack_it(tmp_path):
    """Python's zipfile (module and command line) finds no fault; manifest first, signature second, the rest by name."""
    path = write(tmp_path)
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        assert names[:2] == ["manifest.json", "signature.json"] and names[2:] == sorted(names[2:])
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    run = subprocess.run([sys.executable, "-m", "zipfile", "-t", str(path)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and "Done" in run.stdout


def test_after_any_one_byte_is_changed_the_bundle_is_refused_and_the_place_is_named(tmp_path):
    """Every byte of the file, one random bit each: a member's byte is named by member and line, any other by its byte."""
    path = write(tmp_path)
    content, places = path.read_bytes(), spots(path)
    rng = random.Random(2)
    for position, spot in enumerate(places):
        changed = bytearray(content)
        changed[position] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(BundleError) as refusal:
            open_bundle(path)
        error = refusal.value
        if spot.member is None:
            assert error.byte is not None or error.member == "manifest.json", (position, error)
        else:
            assert (error.member, error.line) == (spot.member, spot.line), (position, error)
            assert spot.line is None or f"{spot.member}, line {spot.line}" in str(error)


def test_a_changed_header_or_directory_byte_is_named_by_its_position(tmp_path):
    """Outside the members the very byte is named, except in the checksum and size by which the first two are found."""
    path = write(tmp_path)
    content, places = path.read_bytes(), spots(path)
    outside = [at for at, spot in enumerate(places) if spot.member is None]
    fields = {base + field for base in (0, content.index(b"PK\x03\x04", 4)) for field in range(14, 26)}
    for position in set(outside) - fields:
        changed = bytearray(content)
        changed[position] ^= 0x10
        path.write_bytes(changed)
        with pytest.raises(BundleError) as refusal:
            open_bundle(path)
        assert refusal.value.byte == position


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda content: content + b"\0", id="one byte more at the end"),
        pytest.param(lambda content: b"\0" + content, id="one byte more at the beginning"),
        pytest.param(lambda content: content[:-1], id="one byte less"),
        pytest.param(lambda content: content[: len(content) // 2], id="half of it"),
        pytest.param(lambda content: content[:40], id="not even a header"),
        pytest.param(lambda content: b"", id="nothing"),
        pytest.param(lambda content: content * 2, id="twice"),
    ],
)
def test_a_longer_or_shorter_file_is_refused(tmp_path, change):
    path = write(tmp_path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(BundleError):
        open_bundle(path)


def test_a_bundle_signed_anew_by_somebody_else_is_refused_against_the_known_key(tmp_path):
    """Without the key it opens, and says who signed; with the commission's key it does not."""
    path = write(tmp_path, {**MEMBERS, "results/scores.csv": b"U1,99.99\n"}, OTHER_KEY)
    assert open_bundle(path).public_key == OTHER_KEY.public_key().public_bytes_raw()
    with pytest.raises(BundleError) as refusal:
        open_bundle(path, KEY.public_key())
    assert refusal.value.member == "signature.json"


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from(["a.txt", "b/c.csv", "d.bin", "e.json"]), st.binary(max_size=50), min_size=1))
def test_any_content_survives_line_feeds_or_not(tmp_path_factory, members):
    path = write(tmp_path_factory.mktemp("bundle"), members)
    bundle = open_bundle(path)
    assert {name: bundle.read(name) for name in bundle.names()} == members


def test_large_members_are_read_in_blocks(tmp_path, monkeypatch):
    """With blocks of 7 bytes the bundle is the same and a change in the last line of a large member is still named."""
    members = {"big.txt": b"".join(b"line %d\n" % number for number in range(500))}
    whole = write(tmp_path, members).read_bytes()
    monkeypatch.setattr(archive, "_BLOCK", 7)
    path = write(tmp_path, {"big.txt": _as_file(tmp_path, members["big.txt"])})
    assert path.read_bytes() == whole
    path.write_bytes(whole.replace(b"line 499", b"line 498"))
    with pytest.raises(BundleError, match="big.txt, line 500"):
        open_bundle(path)


def _as_file(folder: Path, content: bytes) -> Path:
    path = folder / "member"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "a//b", "a/../b", ".hidden", "a\\b", "C:x", "名.txt", "", "a/", "x" * 201]
    + ["manifest.json", "signature.json", "lines/a.txt"],
)
def test_a_name_that_could_leave_its_folder_or_hide_a_member_is_refused(tmp_path, name):
    with pytest.raises(BundleError):
        write(tmp_path, {name: b""})
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_of_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(BundleError, match="public or auditor"):
        write(tmp_path, kind="secret")


def test_what_would_exceed_a_plain_zip_file_is_refused_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_MAXIMUM_SIZE", 1_000)
    with pytest.raises(BundleError, match="4 GiB"):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_member_that_changes_after_opening_is_not_given_out(tmp_path):
    """read() checks the hash once more, so that what is computed from is what was verified."""
    path = write(tmp_path)
    bundle = open_bundle(path)
    path.write_bytes(path.read_bytes().replace(b"U1,81.25", b"U1,91.25"))
    with pytest.raises(BundleError, match="while the bundle was being read"):
        bundle.read("results/scores.csv")


def test_a_member_that_is_not_there_is_refused_by_name(tmp_path):
    bundle = open_bundle(write(tmp_path))
    for name in ("absent.txt", "manifest.json"):
        with pytest.raises(BundleError, match=name):
            bundle.read(name)


@pytest.mark.parametrize(
    "manifest", [b"[]", b"{}", b'{"format":"other","kind":"public","members":{},"round":"R1"}', b"\xff"]
)
def test_a_signed_manifest_of_nonsense_is_refused_in_a_sentence(tmp_path, monkeypatch, manifest):
    """A good signature over a bad manifest must not end in a traceback."""
    monkeypatch.setattr("evalsys.results.container.canonical_json", _manifest_as(manifest))
    path = write(tmp_path)
    monkeypatch.undo()
    with pytest.raises(BundleError, match="manifest.json, line 1"):
        open_bundle(path)


def _manifest_as(manifest: bytes):
    from surveys.sampling.canonical import canonical_json

    return lambda value: manifest if "members" in value else canonical_json(value)
