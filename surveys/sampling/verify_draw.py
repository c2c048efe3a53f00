#!/usr/bin/env python3
"""Re-draw a published sample and check every byte of its bundle: python3 verify_draw.py BUNDLE.zip [PUBLIC_KEY_HEX]

Stands alone: Python 3.10 or later, standard library only, no part of the software that made the bundle. It checks the archive, the Ed25519
signature (that of PUBLIC_KEY_HEX, if given: the key that the commission has published), the hash of every member and line, the chain of the
log, that frame and sample sizes were committed before the seed was known, and then draws the sample again.

Exit status: 0 verified; 1 not verified, the sentence names file and line; 2 wrong use.
"""

import csv
import hashlib
import heapq
import itertools
import json
import re
import struct
import sys
import zlib

FORMAT = "evalsys-bundle-v1"
BLOCK = 1 << 20
HEADER = ["stratum", "rank", "cid", "ticket", "replicate", "released", "arm", "outcome"]


class NotVerified(Exception):
    """Something does not fit; says where and what."""


def fail(where, what):
    """Refuse the bundle."""
    raise NotVerified(f"{where}: {what}")


def sha256(*parts):
    """Return SHA-256 of the parts, hex; text is UTF-8."""
    return hashlib.sha256(
        b"".join(part if isinstance(part, bytes) else part.encode("utf-8") for part in parts)
    ).hexdigest()


def canonical(value):
    """Return canonical JSON: keys sorted, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


# ---- Ed25519 (RFC 8032, section 5.1): the curve -x² + y² = 1 + dx²y² over integers modulo P, points as (X, Y, Z, T), x = X/Z, xy = T/Z

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(a, b):
    """Add two points (RFC 8032, section 5.1.4)."""
    low, high = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    cross, twice = 2 * D * a[3] * b[3] % P, 2 * a[2] * b[2] % P
    e, f, g, h = high - low, twice - cross, twice + cross, high + low
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    """Multiply a point by a number."""
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def decode_point(octets):
    """Return the point of 32 octets, None if there is none (RFC 8032, section 5.1.3)."""
    number = int.from_bytes(octets, "little")
    odd, y = number >> 255, number & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (x == 0 and odd):
        return None
    x = P - x if x & 1 != odd else x
    return x, y, 1, x * y % P


def signed_by(public_key, signature, message):
    """Tell whether a 64-octet signature of the message is that of the 32-octet key (RFC 8032, section 5.1.7)."""
    key, commitment, scalar = (
        decode_point(public_key),
        decode_point(signature[:32]),
        int.from_bytes(signature[32:], "little"),
    )
    if key is None or commitment is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    base = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    left, right = times(scalar, base), add(commitment, times(challenge, key))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


# ---- the archive


class Bundle:
    """The bundle's file and where each member stands in it."""

    def __init__(self, path):
        self.file = open(path, "rb")  # noqa: SIM115 (kept open for the whole run)
        self.members = {}  # name: (header at, content at, size)
        self.claimed = {}  # name: CRC-32 by the header
        self.reading = "archive"  # the member read last, named if it turns out not to be readable

    def read_headers(self):
        """Walk from header to header; sizes and names are checked against the manifest later."""
        at = 0
        while True:
            self.file.seek(at)
            head = self.file.read(30)
            if head[:4] == b"PK\x01\x02":
                return at
            if len(head) < 30 or head[:14] != b"PK\x03\x04" + struct.pack("<HHHHH", 10, 0, 0, 0, 33):
                fail(f"archive, byte {at}", "a member's header is damaged")
            crc, packed, size, name_length, extra = struct.unpack("<IIIHH", head[14:])
            name = self.file.read(name_length).decode("ascii", "replace")
            if packed != size or extra or name in self.members:
                fail(f"archive, byte {at + 18}", f"the header of {name} is damaged")
            self.members[name] = (at, at + 30 + name_length, size)
            self.claimed[name] = crc
            at += 30 + name_length + size

    def blocks(self, name):
        """Yield a member's bytes."""
        if name not in self.members:
            fail(name, "the bundle has no such member")
        self.reading = name
        _, at, rest = self.members[name]
        while rest:
            self.file.seek(at)
            block = self.file.read(min(BLOCK, rest))
            if not block:
                fail(name, "the file ends within it")
            yield block
            at, rest = at + len(block), rest - len(block)

    def read(self, name):
        """Return a member's bytes."""
        return b"".join(self.blocks(name))

    def lines(self, name):
        """Yield a member's lines with their line feeds."""
        rest = b""
        for block in self.blocks(name):
            whole = (rest + block).split(b"\n")
            rest = whole.pop()
            for line in whole:
                yield line + b"\n"
        if rest:
            yield rest

    def check_checksum(self, name):
        """Compare a member's CRC-32 with its header's."""
        crc = 0
        for block in self.blocks(name):
            crc = zlib.crc32(block, crc)
        if crc != self.claimed[name]:
            fail(
                f"{name}, line 1",
                f"it, or its checksum at byte {self.members[name][0] + 14} of the archive, was changed",
            )

    def check_directory(self, begins_at):
        """Compare the end of the file with the directory that these members ask for."""
        expected = b""
        for name, (header_at, _, size) in self.members.items():
            fields = (
                788,
                10,
                0,
                0,
                0,
                33,
                self.claimed[name],
                size,
                size,
                len(name),
                0,
                0,
                0,
                0,
                0o100644 << 16,
                header_at,
            )
            expected += b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", *fields) + name.encode("ascii")
        count = len(self.members)
        expected += b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(expected), begins_at, 0)
        self.file.seek(begins_at)
        found = self.file.read(len(expected) + 1)
        if found != expected:
            pairs = zip(found, expected, strict=False)
            same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
            fail(f"archive, byte {begins_at + same}", "the directory is damaged, or something follows it")


def line_digest(line):
    """Return the digest of one line, as the ``lines/`` members hold it."""
    return sha256(line)[:16].encode("ascii") + b"\n"


def check_lines(bundle, name):
    """Compare each line of a text member with its digest."""
    pairs = itertools.zip_longest(map(line_digest, bundle.lines(name)), bundle.lines("lines/" + name))
    for number, (found, expected) in enumerate(pairs, start=1):
        if found != expected:
            fail(f"{name}, line {number}", f"it (or line {number} of lines/{name}) was changed")


def check_archive(bundle, public_key):
    """Check every byte of the file; return the manifest."""
    directory_at = bundle.read_headers()
    names = list(bundle.members)
    for name in ("manifest.json", "signature.json"):
        bundle.check_checksum(name) if name in names else fail(name, "the bundle has no such member")
    content, manifest = bundle.read("signature.json"), bundle.read("manifest.json")
    form = rb'\{"algorithm":"Ed25519","public_key":"([0-9a-f]{64})","signature":"([0-9a-f]{128})"\}'
    parts = re.fullmatch(form, content)
    if not parts:
        fail("signature.json, line 1", "it is not written as a signature is")
    key, signature = (bytes.fromhex(part.decode("ascii")) for part in parts.groups())
    if not signed_by(key, signature, manifest):
        fail("signature.json, line 1", "it is not the signature of manifest.json")
    if public_key and key.hex() != public_key.lower():
        fail("signature.json, line 1", f"signed with the key {key.hex()}, not with the one given")
    value = json.loads(manifest)
    if value["format"] != FORMAT or value["kind"] not in ("public", "auditor") or canonical(value) != manifest:
        fail("manifest.json, line 1", "it is not the manifest of a bundle of this format")
    if names != ["manifest.json", "signature.json"] + sorted(value["members"]):
        strange = sorted(set(names[2:]) ^ set(value["members"])) or ["their order"]
        fail("archive, byte 0", f"its members are not those of the manifest: {strange[0]}")
    check_members(bundle, value["members"])
    bundle.check_directory(directory_at)
    print(f"archive     {len(names)} members, signed with the key {key.hex()}")
    if not public_key:
        print("            compare that key with the one that the commission has published")
    return value


def check_members(bundle, entries):
    """Compare each member with its hash in the manifest, and text with its line digests."""
    for name, entry in entries.items():
        digest = hashlib.sha256()
        for block in bundle.blocks(name):
            digest.update(block)
        if digest.hexdigest() != entry["sha256"]:
            text = name[len("lines/") :] if name.startswith("lines/") else name
            if "lines/" + text in entries:
                check_lines(bundle, text)
            fail(f"{name}, line 1", "it was changed")
        bundle.check_checksum(name)
    for name in entries:
        if "lines/" + name in entries:
            check_lines(bundle, name)


# ---- the draw


def check_log(bundle, commitment, commitment_sha256, seed):
    """Check the log's chain, and that the commitment stands in it before the seed."""
    told = {"commit_sample": ("commitment_sha256", commitment_sha256), "reveal_sources": ("seed", seed)}
    log, prev, seq, places, number = "draw/log.jsonl", "0" * 64, None, {}, 0
    for number, line in enumerate(bundle.lines(log), start=1):
        where = f"{log}, line {number}"
        entry = json.loads(line)
        content = canonical({key: entry[key] for key in ("seq", "at", "actor", "action", "details")})
        if entry["prev"] != prev or entry["hash"] != sha256("evalsys-log-v1\n", prev, "\n", content):
            fail(where, "the chain of the log is broken here")
        if seq is not None and entry["seq"] != seq + 1:
            fail(where, "a number is missing before it")
        prev, seq = entry["hash"], entry["seq"]
        action, details = entry["action"], entry["details"]
        if action in told and details["round"] == commitment["round"]:
            if action in places:
                fail(where, f"a second {action} for this round")
            places[action] = number
            key, value = told[action]
            if details[key] != value:
                fail(where, f"its {key} is not that of the bundle")
    committed, revealed = places.get("commit_sample"), places.get("reveal_sources")
    if not committed or not revealed or committed > revealed:
        fail(f"{log}, line {revealed or 1}", "the log does not show the commitment before the seed's sources")
    print(f"log         {number} lines; committed in line {committed}, sources revealed in line {revealed}")


def check_seed(bundle, commitment):
    """Make the seed of its sources; return it."""
    where, sources = "draw/sources.json, line 1", json.loads(bundle.read("draw/sources.json"))
    nonces, named = sorted(sources["nonces"]), commitment["sources"]
    if sorted(sha256(bytes.fromhex(nonce)) for nonce in nonces) != commitment["nonce_sha256"]:
        fail(where, "the nonces are not those that were committed")
    nonce = nonces[0] if len(nonces) == 1 else sha256("\n".join(nonces))
    if named["beacon"] and not sources["beacon"].startswith(named["beacon"] + ":"):
        fail(where, "the beacon is not the one that was named")
    if bool(named["beacon"]) != bool(sources["beacon"]) or bool(named["dice"]) != bool(sources["dice"]):
        fail(where, "the sources are not those that were named")
    parts = [commitment["round"], commitment["frame_root"], nonce, sources["beacon"], sources["dice"]]
    seed = sha256("evalsys-seed-v1\n", "\n".join(parts))
    if seed != sources["seed"]:
        fail(where, f"the seed is not the one that its sources give: {seed}")
    print(f"seed        {seed}")
    return seed


def frame_lines(bundle, subtrees, counts):
    """Yield (stratum, cid) of the frame; leave its Merkle hashes by height (RFC 6962) and its counts by stratum."""
    previous = b""
    for number, line in enumerate(bundle.lines("draw/frame.txt"), start=1):
        where = f"draw/frame.txt, line {number}"
        if not re.fullmatch(rb"[^|\n]+\|[0-9a-f]{64}\n", line):
            fail(where, "it is not a stratum, '|' and a case identifier")
        if line <= previous:
            fail(where, "it is not in order, or stands there twice")
        previous, height, node = line, 0, hashlib.sha256(b"\x00" + line[:-1]).digest()
        while height in subtrees:
            node, height = hashlib.sha256(b"\x01" + subtrees.pop(height) + node).digest(), height + 1
        subtrees[height] = node
        stratum, _, cid = line[:-1].decode("utf-8").partition("|")
        counts[stratum] = counts.get(stratum, 0) + 1
        yield stratum, cid


def root_of(subtrees):
    """Join the subtrees of a frame, smallest first, to its root."""
    heights = sorted(subtrees)
    root = subtrees[heights[0]]
    for height in heights[1:]:
        root = hashlib.sha256(b"\x01" + subtrees[height] + root).digest()
    return root.hex()


def check_draw(bundle, commitment, seed):
    """Draw each stratum again and compare it with the published sample."""
    rows = read_sample(bundle)
    subtrees, counts, strata, cases = {}, {}, commitment["strata"], 0
    for stratum, lines in itertools.groupby(frame_lines(bundle, subtrees, counts), key=lambda pair: pair[0]):
        if stratum not in strata:
            fail(f"draw/frame.txt, line {sum(counts.values())}", f"stratum {stratum} was not committed")
        published, size = rows.pop(stratum, []), strata[stratum]["sample"]
        tickets = ((sha256("evalsys-ticket-v1\n", seed, "\n", stratum, "\n", cid), cid) for _, cid in lines)
        drawn = heapq.nsmallest(max(size, len(published)), tickets)
        check_stratum(commitment, seed, stratum, size, drawn, published)
        cases += len(published)
    for stratum, sizes in strata.items():
        if counts.get(stratum, 0) != sizes["frame"]:
            fail(
                "draw/frame.txt, line 1", f"stratum {stratum} has {counts.get(stratum, 0)} cases, not {sizes['frame']}"
            )
    if not subtrees or root_of(subtrees) != commitment["frame_root"]:
        fail("draw/frame.txt, line 1", "the frame's Merkle root is not the committed one")
    for stratum, published in rows.items():
        fail(f"draw/sample.csv, line {published[0][0]}", f"stratum {stratum} is not in the frame")
    print(f"draw        {cases} cases in {len(strata)} strata are the first in the order of the draw")


def read_sample(bundle):
    """Return (line number, fields) of the published cases by stratum, in the order of the file."""
    rows, last, seen = {}, None, set()
    for number, line in enumerate(bundle.lines("draw/sample.csv"), start=1):
        where = f"draw/sample.csv, line {number}"
        fields = next(csv.reader([line.decode("utf-8")]))
        if len(fields) != len(HEADER) or (number == 1 and fields != HEADER):
            fail(where, "its columns must be {}".format(",".join(HEADER)))
        if number == 1:
            continue
        if fields[0] != last and (fields[0] in rows or (last and (last + "|").encode() > (fields[0] + "|").encode())):
            fail(where, "the strata are not in the order of the frame")
        if fields[2] in seen:
            fail(where, "the case stands there twice")
        last = fields[0]
        seen.add(fields[2])
        rows.setdefault(last, []).append((number, fields))
    return rows


def check_stratum(commitment, seed, stratum, size, drawn, published):
    """Compare one stratum's published rows with its draw, and the released ones with a prefix of it."""
    if len(published) < size or len(published) > len(drawn):
        at = published[-1][0] if published else 1
        fail(
            f"draw/sample.csv, line {at}",
            f"stratum {stratum} must have at least {size} cases, and no more than its frame",
        )
    replicate, released = 1, "1"
    for rank, ((number, fields), (ticket, cid)) in enumerate(zip(published, drawn, strict=False), start=1):
        where = f"draw/sample.csv, line {number}"
        if fields[1:4] != [str(rank), cid, ticket]:
            fail(where, f"case {rank} of stratum {stratum} must be {cid}")
        if not re.fullmatch("[1-9][0-9]*", fields[4]) or int(fields[4]) < replicate:
            fail(where, "the replicates are not numbered in the order of the draw")
        if fields[5] not in ("0", "1") or (fields[5] == "1" and released == "0"):
            fail(where, "the case was released though one before it was not")
        if fields[5] == "0" and (rank > size or (released == "1" and int(fields[4]) == replicate and rank > 1)):
            fail(where, "a reserve case or a part of a replicate stands there unreleased")
        draw = int(sha256("evalsys-arm-v1\n", seed, "\n", stratum, "\n", cid)[:13], 16) / 2**52
        if fields[6] != ("swap" if draw < commitment["random_arm_share"] else "base"):
            fail(where, "the mode arm does not follow from the seed")
        replicate, released = int(fields[4]), fields[5]


def check_published_draw(bundle, public_key):
    """Check a bundle from its first byte to its last drawn case."""
    manifest = check_archive(bundle, public_key)
    content = bundle.read("draw/commitment.json")
    commitment = json.loads(content)
    if commitment["format"] != "evalsys-commitment-v1" or commitment["round"] != manifest["round"]:
        fail("draw/commitment.json, line 1", f"it is not the commitment of round {manifest['round']}")
    seed = check_seed(bundle, commitment)
    check_log(bundle, commitment, sha256(content), seed)
    check_draw(bundle, commitment, seed)


def verify(path, public_key=None):
    """Check the bundle at a path; raise NotVerified where it does not fit."""
    bundle = Bundle(path)
    with bundle.file:
        try:
            check_published_draw(bundle, public_key)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            fail(bundle.reading, f"it is not written as it must be ({error!r})")


def main(arguments):
    """Verify the bundle named on the command line; return the exit status."""
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print(__doc__)
        return 2
    try:
        verify(*arguments)
    except NotVerified as error:
        print(f"NOT VERIFIED  {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot read the bundle: {error}", file=sys.stderr)
        return 2
    print(f"VERIFIED    {arguments[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
