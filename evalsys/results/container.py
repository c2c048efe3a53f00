"""The bundle: one signed zip file in which any changed byte is found and named.

``manifest.json`` stands first, ``signature.json`` second (so that the manifest is known to be genuine before anything
is believed of it), the rest sorted by name. The archive's layout follows from the manifest, so reading computes what
each byte outside the members must be.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evalsys.results.archive import (
    BundleError,
    Content,
    Place,
    check_directory,
    check_header,
    content_blocks,
    find_member,
    place_blocks,
    require_name,
    split_lines,
    write_archive,
)
from surveys.sampling.canonical import canonical_json

__all__ = ["Bundle", "BundleError", "open_bundle", "write_bundle"]

FORMAT = "evalsys-bundle-v1"
KINDS = ("public", "auditor")
MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
LINES_PREFIX = "lines/"
ALGORITHM = "Ed25519"
TEXT_SUFFIXES = (".csv", ".html", ".json", ".jsonl", ".md", ".py", ".R", ".toml", ".txt")
DIGEST_LENGTH = 16  # hex digits of a line's SHA-256


@dataclass(frozen=True)
class Bundle:
    """A bundle of which every byte was checked when it was opened.

    Attributes
    ----------
    path, round_id, kind
        The file, its round, and ``public`` or ``auditor``.
    public_key
        The 32 bytes of the key that signed it. Unless `open_bundle` was given the expected key, whoever made the file
        chose it.
    manifest_sha256
        SHA-256 (hex) of the manifest, which fixes every member.
    """

    path: Path
    round_id: str
    kind: str
    public_key: bytes
    manifest_sha256: str
    _members: Mapping[str, Mapping[str, Any]]
    _places: Mapping[str, Place]

    def names(self) -> list[str]:
        """Return the names of the members, sorted, without manifest, signature and line digests."""
        return [name for name in sorted(self._members) if not name.startswith(LINES_PREFIX)]

    def sha256(self, name: str) -> str:
        """Return a member's SHA-256 (hex) by the manifest."""
        return self._entry(name)["sha256"]

    def read(self, name: str) -> bytes:
        """Return a member's bytes; BundleError if there is no such member or the file changed since."""
        entry = self._entry(name)
        content = b"".join(self._blocks(name))
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise BundleError("%(member)s was changed while the bundle was being read.", member=name)
        return content

    def lines(self, name: str) -> Iterator[str]:
        """Yield a text member's lines without their line feeds, in bounded memory."""
        for line in split_lines(self._blocks(name)):
            yield line.removesuffix(b"\n").decode("utf-8")

    def extract(self, name: str, path: Path) -> None:
        """Write a member to a file, in bounded memory."""
        with path.open("wb") as file:
            file.writelines(self._blocks(name))

    def _blocks(self, name: str) -> Iterator[bytes]:
        self._entry(name)
        with self.path.open("rb") as file:
            yield from place_blocks(file, self._places[name])

    def _entry(self, name: str) -> Mapping[str, Any]:
        if name not in self._members:
            raise BundleError("The bundle has no member %(member)s.", member=name)
        return self._members[name]


def write_bundle(
    path: Path, round_id: str, kind: str, members: Mapping[str, Content], signing_key: Ed25519PrivateKey
) -> str:
    """Write the bundle and return the SHA-256 (hex) of its manifest; equal members and key give equal bytes.

    A member given as a path is streamed, never held in memory. For each text member (by its suffix, `TEXT_SUFFIXES`)
    there is a second one, ``lines/<name>``, with the first 16 hex digits of SHA-256 of each line with its line feed,
    so that a changed line can be named. On an error nothing is left at ``path``.

    Raises
    ------
    BundleError
        The kind is not ``public`` or ``auditor``, a name cannot stand in an archive, or the archive would exceed 4 GiB.
    """
    if kind not in KINDS:
        raise BundleError("A bundle is %(known)s, not %(kind)r.", known=" or ".join(KINDS), kind=kind)
    path = Path(path)
    with tempfile.TemporaryDirectory(prefix="evalsys-bundle-", dir=path.parent) as folder:
        contents = _with_line_digests(members, Path(folder))
        entries = {name: _describe(name, contents[name]) for name in contents}
        manifest = canonical_json({"format": FORMAT, "round": round_id, "kind": kind, "members": entries})
        signature = _signature_json(signing_key.public_key().public_bytes_raw(), signing_key.sign(manifest))
        write_archive(
            path, {MANIFEST: manifest, SIGNATURE: signature, **{name: contents[name] for name in sorted(contents)}}
        )
    return hashlib.sha256(manifest).hexdigest()


def open_bundle(path: Path, public_key: Ed25519PublicKey | None = None) -> Bundle:
    """Return the bundle after checking every byte of the file.

    Parameters
    ----------
    public_key
        The key that must have signed it; with None any key does, and only changes after signing are found.

    Raises
    ------
    BundleError
        Anything is not as it was signed. The sentence names member and line, or the byte of the archive's directory.
    """
    path = Path(path)
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        manifest_place = find_member(file, MANIFEST, 0, length)
        signature_place = find_member(file, SIGNATURE, manifest_place.end_at, length)
        manifest = b"".join(place_blocks(file, manifest_place))
        signer = _check_signature(file, manifest, manifest_place, signature_place, public_key)
        value = _parse_manifest(manifest)
        places = [
            *_check_first(file, manifest_place, signature_place),
            *_check_members(file, value["members"], signature_place.end_at),
        ]
        check_directory(file, places)
    return Bundle(
        path=path,
        round_id=value["round"],
        kind=value["kind"],
        public_key=signer,
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        _members=value["members"],
        _places={place.name: place for place in places},
    )


def _with_line_digests(members: Mapping[str, Content], folder: Path) -> dict[str, Content]:
    contents: dict[str, Content] = {}
    for number, (name, content) in enumerate(members.items()):
        if require_name(name) in (MANIFEST, SIGNATURE) or name.startswith(LINES_PREFIX):
            raise BundleError("The name %(member)s is kept for the bundle's own members; choose another.", member=name)
        contents[name] = content
        if name.endswith(TEXT_SUFFIXES):
            digests = folder / f"digests-{number}"
            with digests.open("wb") as file:
                file.writelines(_line_digest(line) for line in split_lines(content_blocks(content)))
            contents[LINES_PREFIX + name] = digests
    return contents


def _line_digest(line: bytes) -> bytes:
    return hashlib.sha256(line).hexdigest()[:DIGEST_LENGTH].encode("ascii") + b"\n"


def _describe(name: str, content: Content) -> dict[str, Any]:
    digest, size, feeds, last = hashlib.sha256(), 0, 0, b"\n"
    for block in content_blocks(content):
        digest.update(block)
        size += len(block)
        feeds += block.count(b"\n")
        last = block[-1:]
    is_text = name.endswith(TEXT_SUFFIXES) or name.startswith(LINES_PREFIX)
    return {"sha256": digest.hexdigest(), "size": size, "lines": feeds + (last != b"\n") if is_text else None}


def _signature_json(public_key: bytes, signature: bytes) -> bytes:
    return canonical_json({"algorithm": ALGORITHM, "public_key": public_key.hex(), "signature": signature.hex()})


def _check_signature(
    file: IO[bytes], manifest: bytes, manifest_place: Place, signature_place: Place, public_key: Ed25519PublicKey | None
) -> bytes:
    """Return the signer's public key once it is known to have signed the manifest."""
    content = b"".join(place_blocks(file, signature_place))
    try:
        value = json.loads(content)
        signer, signature = bytes.fromhex(value["public_key"]), bytes.fromhex(value["signature"])
        key = Ed25519PublicKey.from_public_bytes(signer)
        well_formed = _signature_json(signer, signature) == content
    except (ValueError, KeyError, TypeError):
        well_formed = False
    if not well_formed:
        raise BundleError(
            "signature.json, line 1: it is not written as a signature is; it was changed.", member=SIGNATURE, line=1
        )
    try:
        key.verify(signature, manifest)
    except InvalidSignature:
        # The header's checksum tells which of the two was touched.
        guilty = SIGNATURE if zlib.crc32(manifest) == manifest_place.crc else MANIFEST
        raise BundleError(
            "%(member)s, line 1: manifest and signature do not belong together; it was changed.", member=guilty, line=1
        ) from None
    if public_key is not None and public_key.public_bytes_raw() != signer:
        raise BundleError(
            "signature.json, line 1: signed with the key %(signer)s, not with the one expected.",
            member=SIGNATURE,
            line=1,
            signer=signer.hex(),
        )
    return signer


def _parse_manifest(manifest: bytes) -> dict[str, Any]:
    """Return the manifest, which bears its signature; whoever signed may still have written nonsense."""
    try:
        value = json.loads(manifest)
        entries = value["members"].items()
        sound = value["format"] == FORMAT and value["kind"] in KINDS and isinstance(value["round"], str)
        sound = sound and set(value) == {"format", "round", "kind", "members"} and canonical_json(value) == manifest
        sound = sound and all(
            require_name(name)
            and type(entry["size"]) is int
            and entry["size"] >= 0
            and isinstance(entry["sha256"], str)
            for name, entry in entries
        )
    except (ValueError, KeyError, TypeError, AttributeError, BundleError):
        sound = False
    if not sound:
        raise BundleError(
            "manifest.json, line 1: it is not the manifest of a bundle of this format.", member=MANIFEST, line=1
        )
    return value


def _check_first(file: IO[bytes], *places: Place) -> list[Place]:
    """Return manifest's and signature's places with the true checksums, after comparing their headers."""
    true_places = []
    for place in places:
        true_places.append(replace(place, crc=zlib.crc32(b"".join(place_blocks(file, place)))))
        check_header(file, true_places[-1])
    return true_places


def _check_members(file: IO[bytes], entries: Mapping[str, Mapping[str, Any]], begins_at: int) -> list[Place]:
    """Return the other members' places after comparing contents with the manifest and headers with contents."""
    places: dict[str, Place] = {}
    for name in sorted(entries):
        places[name] = Place(name, begins_at, entries[name]["size"], 0)
        begins_at = places[name].end_at
    checked = []
    for name, place in places.items():
        digest, crc = hashlib.sha256(), 0
        for block in place_blocks(file, place):
            digest.update(block)
            crc = zlib.crc32(block, crc)
        if digest.hexdigest() != entries[name]["sha256"]:
            raise _changed(file, name, places)
        checked.append(replace(place, crc=crc))
        check_header(file, checked[-1])
    return checked


def _changed(file: IO[bytes], name: str, places: Mapping[str, Place]) -> BundleError:
    """Return the error for a changed member, with the first line whose digest differs."""
    text = name.removeprefix(LINES_PREFIX)
    digests = LINES_PREFIX + text
    if text not in places or digests not in places:
        return BundleError("%(member)s: it was changed after signing.", member=name)
    expected = split_lines(place_blocks(file, places[digests]))
    found = map(_line_digest, split_lines(place_blocks(file, places[text])))
    line = next(
        (number for number, (left, right) in enumerate(zip_longest(found, expected), start=1) if left != right), 1
    )
    return BundleError("%(member)s, line %(line)s: it was changed after signing.", member=name, line=line)
