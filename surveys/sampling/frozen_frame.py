"""A frame as it is committed: the sorted lines ``stratum|cid``, their counts and their Merkle root."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from surveys.errors import DrawError, Phrase
from surveys.sampling.external_sort import CHUNK_LINES, ExternalSorter
from surveys.sampling.identifiers import CASE_IDENTIFIER, require_hex64, require_stratum
from surveys.sampling.merkle import MerkleTree

_CID_LENGTH = 64


@dataclass(frozen=True)
class FrozenFrame:
    """What is said of a frame in the commitment: its root (hex) and its lines per stratum."""

    root: str
    counts_by_stratum: Mapping[str, int]

    @property
    def size(self) -> int:
        """The number of lines."""
        return sum(self.counts_by_stratum.values())


class FrameLines:
    """Frame lines in bytewise order, checked while they stream; afterwards ``frozen()`` tells root and counts.

    A stratum's lines stand together, since they share the prefix ``stratum|`` and no name contains ``|``.
    """

    def __init__(
        self, lines: Iterable[str | bytes], *, chunk_lines: int = CHUNK_LINES, directory: Path | None = None
    ) -> None:
        self._lines = lines
        self._chunk_lines = chunk_lines
        self._directory = directory
        self._tree = MerkleTree()
        self._counts: dict[str, int] = {}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield ``(stratum, cid)`` in the order of the lines; holds at most ``2 * chunk_lines`` lines in memory.

        Raises
        ------
        DrawError
            A line is malformed (``code`` "frame_line" or "bad_stratum"), or a case identifier occurs twice
            ("duplicate_cid"), be it in one stratum or in two.
        """
        options = {"chunk_lines": self._chunk_lines, "directory": self._directory}
        with ExternalSorter(**options) as frame, ExternalSorter(**options) as identifiers:
            for line in self._checked_lines():
                frame.add(line)
                identifiers.add(line[-_CID_LENGTH:] + b"|" + line[: -_CID_LENGTH - 1])
            _refuse_duplicates(identifiers.sorted_lines())
            for line in frame.sorted_lines():
                self._tree.append(line)
                text = line.decode("utf-8")
                stratum = text[: -_CID_LENGTH - 1]
                self._counts[stratum] = self._counts.get(stratum, 0) + 1
                yield stratum, text[-_CID_LENGTH:]

    def frozen(self) -> FrozenFrame:
        """Return root and counts of the lines streamed so far; ask after the last one."""
        return FrozenFrame(self._tree.root(), dict(self._counts))

    def _checked_lines(self) -> Iterator[bytes]:
        known: set[str] = set()
        for number, line in enumerate(self._lines, start=1):
            text = line.decode("utf-8") if isinstance(line, bytes) else line
            stratum, cid = split_frame_line(text, number, known)
            known.add(stratum)
            yield f"{stratum}|{cid}".encode()


def frame_line(stratum: str, cid: str) -> str:
    """Return the frame line ``stratum|cid`` (no line feed); a name or identifier that it cannot carry raises DrawError."""
    return f"{require_stratum(stratum)}|{require_hex64(CASE_IDENTIFIER, cid)}"


def split_frame_line(line: str, number: int = 1, known_strata: Iterable[str] = ()) -> tuple[str, str]:
    """Return ``(stratum, cid)`` of a frame line, with or without its line feed.

    Parameters
    ----------
    number
        The line's number, named in the error.
    known_strata
        Names already found good, not checked again.

    Raises
    ------
    DrawError
        The line is not a stratum, one ``|`` and 64 hex digits.
    """
    text = line[:-1] if line.endswith("\n") else line
    stratum, bar, cid = text.partition("|")
    if not bar:
        raise DrawError("Frame line %(line)s has no '|' between stratum and case.", code="frame_line", line=number)
    try:
        require_hex64(CASE_IDENTIFIER, cid)
        if stratum not in known_strata:
            require_stratum(stratum)
    except DrawError as error:
        raise DrawError("Frame line %(line)s: %(reason)s", code=error.code, line=number, reason=error) from error
    return stratum, cid


def freeze_frame(
    entries: Iterable[tuple[str, str]], path: Path, *, chunk_lines: int = CHUNK_LINES, directory: Path | None = None
) -> FrozenFrame:
    """Write the entries ``(stratum, cid)`` to ``path`` as sorted frame lines (UTF-8, LF) and return root and counts.

    Bounded in memory for any number of entries; no entry gives an empty file and the root of the empty tree. On an
    error nothing is left at ``path``.

    Raises
    ------
    DrawError
        As for iterating `FrameLines`.
    """
    lines = FrameLines((frame_line(*entry) for entry in entries), chunk_lines=chunk_lines, directory=directory)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb", buffering=1 << 20) as file:
            file.writelines(f"{stratum}|{cid}\n".encode() for stratum, cid in lines)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return lines.frozen()


def summarize_frame(
    lines: Iterable[str | bytes], *, chunk_lines: int = CHUNK_LINES, directory: Path | None = None
) -> FrozenFrame:
    """Return root and counts of frame lines in any order, in bounded memory; errors as for iterating `FrameLines`."""
    frame = FrameLines(lines, chunk_lines=chunk_lines, directory=directory)
    for _ in frame:
        pass
    return frame.frozen()


def _refuse_duplicates(lines: Iterator[bytes]) -> None:
    previous = b""
    for line in lines:
        if line[:_CID_LENGTH] == previous[:_CID_LENGTH]:
            cid = line[:_CID_LENGTH].decode()
            strata = sorted({part[_CID_LENGTH + 1 :].decode() for part in (previous, line)})
            both = Phrase("%(one)s and %(other)s", one=strata[0], other=strata[-1])
            raise DrawError(
                "The case %(cid)s stands twice in the frame (%(where)s); keep one entry.",
                code="duplicate_cid",
                cid=cid,
                strata=strata,
                where=both if len(strata) == 2 else strata[0],
            )
        previous = line
