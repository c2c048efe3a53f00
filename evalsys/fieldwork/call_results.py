"""Taking in what a call centre reports: answers through the one door, outcomes into the ledger; the file itself is not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import BadLines, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.cases import conclude_attempt, open_dossiers
from evalsys.fieldwork.interviews import finish_interview, load_conversation, opt_out, record_answer, refuse_interview
from evalsys.fieldwork.models import Attempt, ResultFile
from evalsys.fieldwork.result_lines import ANSWERED, CHANNEL, RESULTS, ResultLine, read_result_lines
from evalsys.samples.imports import hash_file
from evalsys.units.import_rows import RowProblem, read_table
from surveys.fieldwork import stated_outcome

#: a refusal by the respondents themselves: what they had answered before is forgotten
REFUSED = ("2.11", "2.112")
_ONCE = 200


@dataclass(frozen=True)
class ResultReport:
    """What an import found.

    ``lines`` read, ``imported``, ``repeated`` (known already, nothing changed), ``refused`` (bad, left out). ``superseded``: imported
    ones whose answers were not used, since the case had been answered in another way meanwhile. ``outcomes`` of those imported.
    """

    file: str
    encoding: str
    lines: int
    imported: int
    repeated: int
    superseded: int
    refused: int
    outcomes: Mapping[str, int]
    problems: Sequence[RowProblem] = field(default_factory=list)


def import_results(
    session: Session, runtime: Runtime, round_: Round, path: Path, *, actor: str, accept_good: bool = False
) -> ResultReport:
    """Take in a CSV or XLSX file of results.

    Raises
    ------
    BadLines
        Some lines cannot be used; all are listed, nothing was imported. With ``accept_good`` the others are.
    Refused
        The round takes no more answers, or this very file was imported before.
    """
    refuse_unless(round_, "open", "paused", doing="taking results")
    table = read_table(path)
    digest = runtime.keyring.blind_index(RESULTS, hash_file(path))
    if session.scalar(select(ResultFile.id).where(ResultFile.round_id == round_.id, ResultFile.digest == digest)):
        raise Refused("The file %(file)s was imported into this round before; nothing was changed.", file=path.name)
    read = read_result_lines(session, runtime, round_, table, path.name)
    if read.problems and not accept_good:
        raise BadLines(
            "%(count)d lines of %(file)s cannot be used; nothing was imported. Correct them, or accept the good lines.",
            read.problems,
            count=read.refused,
            file=path.name,
        )
    superseded = 0
    for start in range(0, len(read.good), _ONCE):
        superseded += _apply(session, runtime, read.good[start : start + _ONCE])
    counts = {
        "lines": read.lines,
        "imported": len(read.good),
        "repeated": read.repeated,
        "superseded": superseded,
        "refused": read.refused,
    }
    taken = {"file_name": path.name[:200], "imported_at": runtime.clock.now(), "imported_by": actor}
    session.add(ResultFile(round_id=round_.id, digest=digest, **taken, **counts))
    record_act(session, runtime.clock, round_.code, actor, "call results imported", file=path.name, **counts)
    outcomes = Counter(line.outcome for line in read.good)
    return ResultReport(
        path.name, table.encoding, **counts, outcomes=dict(sorted(outcomes.items())), problems=read.problems
    )


def list_result_files(session: Session, round_: Round) -> list[ResultFile]:
    """The files that a round took in, newest first."""
    return list(
        session.scalars(select(ResultFile).where(ResultFile.round_id == round_.id).order_by(ResultFile.id.desc()))
    )


def _apply(session: Session, runtime: Runtime, lines: Sequence[ResultLine]) -> int:
    """Apply some lines; of how many the answers came too late."""
    cases = [line.case_id for line in lines]
    open_dossiers(session, cases)  # locks the cases: nobody answers elsewhere meanwhile
    too_late = sum([not _record(session, runtime, line) for line in lines])
    dossiers = open_dossiers(session, cases)
    keys = [line.key for line in lines]
    attempts = {attempt.key: attempt for attempt in session.scalars(select(Attempt).where(Attempt.key.in_(keys)))}
    for line in lines:
        attempt = attempts[line.key]
        attempt.started_at, attempt.interviewer, attempt.line_digest = line.at, line.interviewer, line.digest
        attempt.connected_at = line.at if line.seconds else None
        ended_at = line.at + timedelta(seconds=line.seconds or 0)
        result = stated_outcome(line.outcome)
        conclude_attempt(runtime, attempt, dossiers[line.case_id], result, seconds=line.seconds, at=ended_at)
    session.flush()
    return too_late


def _record(session: Session, runtime: Runtime, line: ResultLine) -> bool:
    """Record what the respondent said; whether it could still be taken."""
    talk = load_conversation(session, runtime, line.case_id)
    in_time = talk.is_open or not line.answers
    for code, value in line.answers.items():
        if talk.is_open:
            language = talk.language or talk.rules.language
            talk = record_answer(session, runtime, talk, code, value, channel=CHANNEL, language=language)
    if line.outcome in ANSWERED and talk.is_open:
        finish_interview(session, runtime, talk, channel=CHANNEL)
    if line.outcome in REFUSED:
        refuse_interview(session, runtime, line.case_id, line.outcome)
    if line.opt_out:
        opt_out(session, runtime, line.case_id)
    return in_time


def forget_digests(session: Session, round_: Round, case_ids: Sequence[int] | None = None) -> None:
    """Forget by what lines were known again, since whoever has the keys could try out which answers make a digest.

    case_ids : cases whose answers are being sealed; by default the whole round with its files, at close.
    """
    table = Attempt.__table__
    lines = update(table).where(table.c.round_id == round_.id, table.c.line_digest != "").values(line_digest="")
    if case_ids is not None:
        session.execute(lines.where(table.c.case_id.in_(case_ids)))
        return
    session.execute(lines)
    files = ResultFile.__table__
    session.execute(update(files).where(files.c.round_id == round_.id).values(digest=None))
