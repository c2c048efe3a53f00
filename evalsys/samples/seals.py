"""Seals on the records of a committed frame: a keyed digest of each whole row, so that an edit of any column is found at the draw.

The frame's root covers only ``stratum|cid``, which is all that may be published; the seal covers what stays inside.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from evalsys.base.runtime import Runtime
from evalsys.design.models import Round
from evalsys.samples.models import ServiceRecord
from surveys.sampling.canonical import canonical_json

SEAL = "frame-seal"
_TABLE = ServiceRecord.__table__
#: everything of a row but the number that the database gave it, and the seal itself
_SEALED = [column for column in _TABLE.c if column.name not in ("id", "seal")]
_CHUNK = 5000


def seal_frame(session: Session, runtime: Runtime, round_: Round) -> None:
    """Seal every record that is in the frame, as it stands at the commitment."""
    connection = session.connection()
    statement = update(_TABLE).where(_TABLE.c.id == bindparam("of_record")).values(seal=bindparam("new_seal"))
    batch = []
    for row in session.execute(_frame(round_)).all():
        batch.append({"of_record": row.id, "new_seal": _digest(runtime, row)})
        if len(batch) == _CHUNK:
            connection.execute(statement, batch)
            batch = []
    if batch:
        connection.execute(statement, batch)


def find_broken_seals(session: Session, runtime: Runtime, round_: Round) -> Iterator[str]:
    """The numbers of records in the frame that are not as they were sealed."""
    for row in session.execute(_frame(round_).execution_options(yield_per=_CHUNK)):
        if not hmac.compare_digest(row.seal, _digest(runtime, row)):
            yield row.record_no


def _frame(round_: Round):
    return select(_TABLE).where(_TABLE.c.round_id == round_.id, _TABLE.c.cid != "")


def _digest(runtime: Runtime, row) -> str:
    content = {column.name: _plain(getattr(row, column.name)) for column in _SEALED}
    return hmac.new(runtime.keyring.key(SEAL), canonical_json(content), hashlib.sha256).hexdigest()


def _plain(value: object) -> object:
    """A value as JSON can hold it, the same on every database."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value if value is None or isinstance(value, int | str) else str(value)
