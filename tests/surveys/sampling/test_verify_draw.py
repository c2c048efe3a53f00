"""The stand-alone verifier: an independent second implementation, run as a supervisor runs it."""

from __future__ import annotations

import ast
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evalsys.results.container import write_bundle
from surveys.sampling import verify_draw
from surveys.sampling.commitment import Commitment
from tests.surveys.sampling.worked_draw import BEACON, commit_entry, draw_members, log_lines, reveal_entry

SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFIER = Path(verify_draw.__file__)


@pytest.fixture
def written(tmp_path):
    """Return a function that writes these members as a bundle and returns its path."""

    def write(members, round_id="R1"):
        path = tmp_path / "bundle-R1.zip"
        write_bundle(path, round_id, "public", members, SIGNING_KEY)
        return path

    return write


def refusal(path):
    with pytest.raises(verify_draw.NotVerified) as error:
        verify_draw.verify(str(path))
    return str(error.value)


def edited(member, edit):
    members = draw_members()
    members[member] = edit(members[member].decode()).encode()
    return members


def test_a_copy_of_the_verifier_alone_verifies_a_bundle_on_a_bare_python(written, tmp_path):
    """Copied out of the bundle and run with -I -S (no site packages, no paths of ours) it exits 0 and prints the seed."""
    path = written({**draw_members(), "verify_draw.py": VERIFIER})
    folder = tmp_path / "elsewhere"
    with zipfile.ZipFile(path) as archive:
        copy = Path(archive.extract("verify_draw.py", folder))
    command = [sys.executable, "-I", "-S", str(copy), str(path), SIGNING_KEY.public_key().public_bytes_raw().hex()]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)
    assert run.returncode == 0, run.stderr
    assert "VERIFIED" in run.stdout and "seed" in run.stdout


def test_the_verifier_imports_the_standard_library_only():
    tree = ast.parse(VERIFIER.read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports for alias in node.names} | {
        getattr(node, "module", None) for node in imports
    }
    assert {name.split(".")[0] for name in names if name} <= sys.stdlib_module_names


@pytest.mark.parametrize("released", [0, 1, 3, 4])
def test_any_number_of_released_replicates_verifies(written, released):
    """From nothing released to a reserve replicate released."""
    verify_draw.verify(str(written(draw_members(released))))


def test_any_flipped_byte_is_refused(written):
    """Check 2 for the stand-alone verifier: header, manifest, signature, member, directory or end, each flip is named."""
    path = written(draw_members())
    content = path.read_bytes()
    rng = random.Random(2025)
    for position in sorted(rng.sample(range(len(content)), 250)):
        changed = bytearray(content)
        changed[position] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        said = refusal(path)
        assert ", line " in said or ", byte " in said


def test_a_flipped_byte_of_the_frame_is_named_by_its_line(written):
    path = written(draw_members())
    content = bytearray(path.read_bytes())
    frame = draw_members()["draw/frame.txt"]
    begins_at = bytes(content).index(frame)
    content[begins_at + frame.index(b"\n") + 5] ^= 1
    path.write_bytes(content)
    assert refusal(path).startswith("draw/frame.txt, line 2:")


@pytest.mark.parametrize("change", [lambda content: content + b"x", lambda content: content[:-1], lambda content: b""])
def test_a_longer_shorter_or_empty_file_is_refused(written, change):
    path = written(draw_members())
    path.write_bytes(change(path.read_bytes()))
    assert "archive, byte" in refusal(path)


def swap_lines(first, second):
    def edit(text):
        lines = text.splitlines(keepends=True)
        lines[first], lines[second] = lines[second], lines[first]
        return "".join(lines)

    return edit


def set_field(line, field, value):
    def edit(text):
        lines = text.splitlines()
        fields = lines[line - 1].split(",")
        fields[field] = value if isinstance(value, str) else value(fields[field])
        return "\n".join([*lines[: line - 1], ",".join(fields), *lines[line:], ""])

    return edit


@pytest.mark.parametrize(
    ("member", "edit", "said"),
    [
        ("draw/sample.csv", swap_lines(1, 2), "draw/sample.csv, line 2: case 1"),
        ("draw/sample.csv", set_field(3, 2, "0" * 64), "draw/sample.csv, line 3: case 2"),
        ("draw/sample.csv", set_field(3, 3, "0" * 64), "draw/sample.csv, line 3: case 2"),
        ("draw/sample.csv", set_field(2, 5, "0"), "draw/sample.csv, line 3: the case was released though"),
        ("draw/sample.csv", set_field(5, 4, "1"), "draw/sample.csv, line 5: the replicates"),
        ("draw/sample.csv", set_field(6, 5, "0"), "draw/sample.csv, line 6: a reserve case"),
        (
            "draw/sample.csv",
            set_field(2, 6, lambda arm: "base" if arm == "swap" else "swap"),
            "draw/sample.csv, line 2: the mode arm",
        ),
        ("draw/sample.csv", lambda text: "\n".join(text.splitlines()[:-1]) + "\n", "must have at least 5"),
        ("draw/sample.csv", set_field(2, 0, "U9/x/y"), "order of the frame"),
        ("draw/sample.csv", set_field(1, 7, "result"), "draw/sample.csv, line 1: its columns"),
        ("draw/frame.txt", swap_lines(0, 1), "draw/frame.txt, line 2: it is not in order"),
        ("draw/frame.txt", lambda text: text[text.index("\n") + 1 :], "draw/"),
        ("draw/sources.json", lambda text: text.replace("6345", "6346"), "draw/sources.json, line 1: the seed"),
        ("draw/sources.json", lambda text: text.replace("abab", "cdcd", 1), "draw/sources.json, line 1: the nonces"),
        ("draw/sources.json", lambda text: text.replace("1000000", "1000001"), "draw/sources.json, line 1: the beacon"),
        ("draw/commitment.json", lambda text: text.replace('"R1"', '"R2"'), "not the commitment of round R1"),
        ("draw/log.jsonl", lambda text: text.replace("open_round", "shut_round"), "draw/log.jsonl, line 1: the chain"),
    ],
)
def test_a_bundle_signed_over_a_false_draw_is_refused(written, member, edit, said):
    """A good signature does not help: the draw itself is repeated and each step of it checked."""
    assert said in refusal(written(edited(member, edit)))


def test_a_seed_logged_before_the_commitment_is_refused(written):
    """Check 1 from outside: the log must show the commitment first, and each only once."""
    members = draw_members()
    commitment = Commitment.from_json(members["draw/commitment.json"])
    seed = members["draw/sources.json"].decode().split('"seed":"')[1][:64]
    commit, reveal = commit_entry(commitment), reveal_entry("R1", seed)
    for log, said in [
        ([reveal, commit], "does not show the commitment before"),
        ([commit], "does not show the commitment before"),
        ([commit, commit, reveal], "line 2: a second commit_sample"),
        ([commit, reveal, reveal], "line 3: a second reveal_sources"),
        ([commit, reveal_entry("R1", "0" * 64)], "line 2: its seed"),
        ([], "does not show"),
    ]:
        assert said in refusal(written({**members, "draw/log.jsonl": log_lines(*log)}))


def test_entries_of_other_rounds_may_stand_in_the_log(written):
    members = draw_members()
    commitment = Commitment.from_json(members["draw/commitment.json"])
    seed = members["draw/sources.json"].decode().split('"seed":"')[1][:64]
    log = log_lines(reveal_entry("R0", "0" * 64), commit_entry(commitment), reveal_entry("R1", seed))
    verify_draw.verify(str(written({**members, "draw/log.jsonl": log})))


def test_another_beacon_of_the_named_round_gives_another_sample(written):
    """The seed comes from the revealed value: another value draws another sample, which verifies as such."""
    other = draw_members(beacon=BEACON.replace("11" * 32, "12" * 32))
    assert other["draw/sample.csv"] != draw_members()["draw/sample.csv"]
    verify_draw.verify(str(written(other)))


def test_a_key_other_than_the_published_one_is_refused(written):
    with pytest.raises(verify_draw.NotVerified, match="not with the one given"):
        verify_draw.verify(str(written(draw_members())), "00" * 32)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["a", "b", "c"], ["/nonexistent/bundle.zip"]])
def test_wrong_use_exits_with_status_two(arguments):
    assert verify_draw.main(arguments) == 2


def test_a_refusal_exits_with_status_one_and_names_the_place(written, capsys):
    path = written(edited("draw/sample.csv", swap_lines(1, 2)))
    assert verify_draw.main([str(path)]) == 1
    assert "draw/sample.csv, line 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("secret", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
    ids=["RFC 8032 test 1", "RFC 8032 test 2"],
)
def test_the_verifiers_own_ed25519_meets_the_published_vectors(secret, public, message, signature):
    """RFC 8032, section 7.1; and agrees with the library on what is no signature."""
    key, said, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)).sign(said) == signed
    assert verify_draw.signed_by(key, signed, said)
    assert not verify_draw.signed_by(key, signed, said + b"x")
    for position in range(0, 64, 9):
        changed = bytearray(signed)
        changed[position] ^= 1
        assert not verify_draw.signed_by(key, bytes(changed), said)
    too_large = signed[:32] + (int.from_bytes(signed[32:], "little") + verify_draw.ORDER).to_bytes(32, "little")
    assert not verify_draw.signed_by(key, too_large, said)
