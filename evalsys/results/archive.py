"""The zip archive of a bundle as a function of its members: stored, fixed dates and attributes, in the order given.

Format: PKWARE APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.16 (end). No zip64: a bundle ends
at 4 GiB.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from surveys.errors import Phrase, SurveyError

Content = bytes | Path

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_CRC_AT, _SIZE_AT = 14, 18  # within a local header
_VERSION_NEEDED = 10
_MADE_BY = 3 << 8 | 20  # Unix, version 2.0
_DATE = 1 << 5 | 1  # 1980-01-01, the first day that a zip file can name
_FILE_MODE = 0o100644 << 16
_MAXIMUM_SIZE = (1 << 32) - 1
_MAXIMUM_MEMBERS = (1 << 16) - 1
_BLOCK = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


class BundleError(SurveyError):
    """A bundle cannot be written, or is not what was signed; ``member`` and ``line``, or ``byte``, say where."""

    code = "bundle"

    def __init__(
        self,
        text: str,
        /,
        *,
        member: str | None = None,
        line: int | None = None,
        byte: int | None = None,
        **details: object,
    ) -> None:
        super().__init__(text, member=member, line=line, byte=byte, **details)
        self.member = member
        self.line = line
        self.byte = byte


@dataclass(frozen=True)
class Place:
    """Where a member stands in the archive; ``crc`` is the CRC-32 of its content."""

    name: str
    header_at: int
    size: int
    crc: int

    @property
    def content_at(self) -> int:
        """The byte at which the content begins."""
        return self.header_at + _LOCAL.size + len(self.name)

    @property
    def end_at(self) -> int:
        """The byte after the content."""
        return self.content_at + self.size

    def local_header(self) -> bytes:
        """Return the header that stands before the content."""
        fields = (_VERSION_NEEDED, 0, 0, 0, _DATE, self.crc, self.size, self.size, len(self.name), 0)
        return _LOCAL.pack(b"PK\x03\x04", *fields) + self.name.encode("ascii")

    def directory_entry(self) -> bytes:
        """Return the member's entry in the directory at the end."""
        fields = (_MADE_BY, _VERSION_NEEDED, 0, 0, 0, _DATE, self.crc, self.size, self.size, len(self.name))
        return _CENTRAL.pack(b"PK\x01\x02", *fields, 0, 0, 0, 0, _FILE_MODE, self.header_at) + self.name.encode("ascii")


def require_name(name: str) -> str:
    """Return the member's name if any archive can hold it: ASCII, relative, no part beginning with a dot."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 200:
        raise BundleError(
            "The member name %(member)r is not a plain relative path of letters, digits, '.', '_' and '-'.", member=name
        )
    return name


def content_blocks(content: Content) -> Iterator[bytes]:
    """Yield the bytes of a member, whether given in memory or as a file."""
    if isinstance(content, Path):
        with content.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    elif content:
        yield content


def place_blocks(file: IO[bytes], place: Place) -> Iterator[bytes]:
    """Yield a member's content from an archive; ends early where the file does."""
    at, rest = place.content_at, place.size
    while rest:
        file.seek(at)
        block = file.read(min(_BLOCK, rest))
        if not block:
            return
        yield block
        at, rest = at + len(block), rest - len(block)


def split_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream with their line feeds; the last one may lack it."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def measure(name: str, blocks: Iterable[bytes]) -> tuple[int, int]:
    """Return size and CRC-32 of a member's content."""
    size = crc = 0
    for block in blocks:
        size += len(block)
        crc = zlib.crc32(block, crc)
    if size > _MAXIMUM_SIZE:
        raise BundleError("%(member)s has %(size)s bytes; a bundle holds at most 4 GiB.", member=name, size=size)
    return size, crc


def write_archive(path: Path, contents: Mapping[str, Content]) -> None:
    """Write the members in the order of the mapping; on an error nothing is left at ``path``.

    Raises
    ------
    BundleError
        The archive would exceed 4 GiB or 65,535 members, or a file changed while it was being written.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            places: list[Place] = []
            for name, content in contents.items():
                place = Place(name, file.tell(), *measure(name, content_blocks(content)))
                _require_room(place.end_at, len(places) + 1)
                file.write(place.local_header())
                if _copy(content, file) != (place.size, place.crc):
                    raise BundleError(
                        "%(member)s changed while the bundle was being written; write it again.", member=name
                    )
                places.append(place)
            tail = directory(places)
            _require_room(file.tell() + len(tail), len(places))
            file.write(tail)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def directory(places: Sequence[Place]) -> bytes:
    """Return what follows the last member: the directory and its end record."""
    entries = b"".join(place.directory_entry() for place in places)
    count, begins_at = len(places), places[-1].end_at if places else 0
    return entries + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(entries), begins_at, 0)


def find_member(file: IO[bytes], name: str, header_at: int, length: int) -> Place:
    """Return the place of the member whose header stands at a byte, with the CRC that the header claims.

    Raises
    ------
    BundleError
        Any other byte of the header is not what it must be, or the content would reach beyond the file's end.
    """
    file.seek(header_at)
    header = file.read(_LOCAL.size + len(name))
    size = int.from_bytes(header[_SIZE_AT : _SIZE_AT + 4], "little")
    crc = int.from_bytes(header[_CRC_AT : _CRC_AT + 4], "little")
    place = Place(name, header_at, size, crc)
    _compare(header, place.local_header(), header_at, name)
    if place.end_at > length:
        raise directory_error(header_at + _SIZE_AT, name)
    return place


def check_header(file: IO[bytes], place: Place) -> None:
    """Raise BundleError unless the member's header is, byte for byte, the one that its content asks for."""
    expected = place.local_header()
    file.seek(place.header_at)
    _compare(file.read(len(expected)), expected, place.header_at, place.name)


def check_directory(file: IO[bytes], places: Sequence[Place]) -> None:
    """Raise BundleError unless what follows the last member is the directory of these members and nothing else."""
    expected = directory(places)
    begins_at = places[-1].end_at
    file.seek(begins_at)
    found = file.read(len(expected) + 1)
    if found[: len(expected)] == expected and len(found) > len(expected):
        raise BundleError(
            "Something stands after the end of the archive, at byte %(byte)s.",
            byte=begins_at + len(expected),
        )
    _compare(found, expected, begins_at, None)


def directory_error(byte: int, name: str | None) -> BundleError:
    """Return the error for a wrong byte of a header or of the directory."""
    whose = Phrase(" (header of %(member)s)", member=name) if name else ""
    return BundleError(
        "The archive's directory is wrong at byte %(byte)s%(whose)s; the file was changed.",
        member=name,
        byte=byte,
        whose=whose,
    )


def _compare(found: bytes, expected: bytes, at: int, name: str | None) -> None:
    if found == expected:
        return
    byte = next(
        (i for i, (left, right) in enumerate(zip(found, expected, strict=False)) if left != right),
        min(len(found), len(expected)),
    )
    raise directory_error(at + byte, name)


def _copy(content: Content, file: IO[bytes]) -> tuple[int, int]:
    size = crc = 0
    for block in content_blocks(content):
        file.write(block)
        size += len(block)
        crc = zlib.crc32(block, crc)
    return size, crc


def _require_room(end_at: int, members: int) -> None:
    if end_at > _MAXIMUM_SIZE or members > _MAXIMUM_MEMBERS:
        raise BundleError("The bundle would exceed 4 GiB or 65,535 members; leave a member out.")
