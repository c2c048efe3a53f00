"""The reports of all units of a publication in one job: each is kept as it is made, so that a worker that died is followed by another."""

from __future__ import annotations

import io
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from flask_babel import force_locale
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from evalsys.base.database import transaction
from evalsys.base.errors import NotFound
from evalsys.base.runtime import Runtime
from evalsys.outbox.actions import Claim, hold_claim, put_job
from evalsys.outbox.models import Job
from evalsys.outbox.worker import job_kind
from evalsys.render.score_table import ScoreRow, ScoreTable
from evalsys.render.unit_report import write_unit_report
from evalsys.render.words import content_language, name_in_language
from evalsys.results.models import Publication
from evalsys.results.queries import get_publication
from evalsys.results.tables import list_year_before, table_of

KIND = "results.reports"
LANGUAGES = {"zh": "zh_Hans", "en": "en"}


@dataclass(frozen=True)
class Reports:
    """How far the reports of a publication in a language are. ``path``: the zip, once it is there."""

    made: int
    of: int
    error: str
    over: bool
    path: Path


def order_reports(session: Session, runtime: Runtime, round_code: str, language: str) -> None:
    """Have all reports of a round's newest publication made; ordering again while they are made, or after, makes none twice."""
    publication = get_publication(session, round_code)
    key = _key(publication, language)
    job = session.scalar(select(Job).where(Job.key == key))
    path = _path(runtime, publication, language)
    if job is not None and (job.done_at is None or path.is_file()):
        return
    rows = [row for row in table_of(publication, language).rows if row.is_shown]
    payload = {"publication": publication.id, "language": language, "made": 0, "of": len(rows)}
    put_job(session, runtime.clock, key, KIND, payload)


def find_reports(session: Session, runtime: Runtime, publication: Publication, language: str) -> Reports | None:
    """How far they are; ``None`` where nobody ordered them."""
    job = session.scalar(select(Job).where(Job.key == _key(publication, language)))
    if job is None:
        return None
    payload, path = job.payload, _path(runtime, publication, language)
    return Reports(payload["made"], payload["of"], job.last_error, job.done_at is not None, path)


def get_unit_report(session: Session, runtime: Runtime, publication: Publication, unit: str) -> bytes:
    """The report of one unit in the page's language, made once and kept; what may not be shown is not found."""
    content = ReportContent.of(session, runtime, publication, content_language())
    row = content.table.find(unit)
    if row is None or not row.is_shown:
        raise NotFound(
            "Nothing is published about unit %(unit)s in round %(code)s.", unit=unit, code=publication.round.code
        )
    return content.make(row).read_bytes()


@job_kind(KIND)
def make_reports(runtime: Runtime, payload: dict, claim: Claim) -> None:
    """Make every report that is not there yet, then the zip of all."""
    language = payload["language"]
    with force_locale(LANGUAGES[language]):
        with transaction() as session:
            publication = session.get_one(Publication, payload["publication"])
            content, target = (
                ReportContent.of(session, runtime, publication, language),
                _path(runtime, publication, language),
            )
        files = {}
        for number, row in enumerate(content.rows):
            if not _note_progress(runtime, claim, payload | {"made": number}):
                return
            files[row.code] = content.make(row)
        _zip(files, target)
        _note_progress(runtime, claim, payload | {"made": len(files)})


def _note_progress(runtime: Runtime, claim: Claim, payload: dict) -> bool:
    """Whether the job is still this worker's; if so the page is told how far it is."""
    with transaction() as session:
        held = hold_claim(session, runtime.clock, claim)
        if held:
            session.execute(update(Job).where(Job.id == claim.job_id).values(payload=payload))
        return held


@dataclass(frozen=True)
class ReportContent:
    """What reports are made of, free of the database, which waits for nothing while a page is set."""

    table: ScoreTable
    disclosure: dict
    round_name: str
    earlier: Mapping[str, dict]
    folder: Path

    @classmethod
    def of(cls, session: Session, runtime: Runtime, publication: Publication, language: str) -> ReportContent:
        return cls(
            table_of(publication, language),
            publication.disclosure,
            name_in_language(publication.round),
            list_year_before(session, publication),
            _folder(runtime, publication),
        )

    @property
    def rows(self) -> list[ScoreRow]:
        """Units of which anything may be shown."""
        return [row for row in self.table.rows if row.is_shown]

    def make(self, row: ScoreRow) -> Path:
        """The file of a unit's report, made where it is not there yet."""
        path = self.folder / f"{quote(row.code, safe='')}-{self.table.language}.pdf"
        if not path.is_file():
            made = write_unit_report(self.table, row, self.disclosure, self.round_name, self.earlier.get(row.code))
            _put(path, made)
        return path


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all, also where two make it at once."""
    part = path.with_suffix(f".{secrets.token_hex(4)}.part")
    part.write_bytes(content)
    part.replace(path)


def _zip(files: Mapping[str, Path], target: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for code, path in files.items():
            archive.writestr(zipfile.ZipInfo(f"{quote(code, safe='')}.pdf"), path.read_bytes())
    _put(target, buffer.getvalue())


def _key(publication: Publication, language: str) -> str:
    return f"{KIND}:{publication.id}:{language}"


def _path(runtime: Runtime, publication: Publication, language: str) -> Path:
    return _folder(runtime, publication) / f"reports-{publication.round.code}-{language}.zip"


def _folder(runtime: Runtime, publication: Publication) -> Path:
    folder = runtime.published_folder / f"reports-{publication.round.code}-r{publication.revision}"
    folder.mkdir(exist_ok=True)
    return folder
