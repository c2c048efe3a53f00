"""A file that somebody uploaded for a round, kept for as long as it is read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from evalsys.base.database import transaction
from evalsys.base.runtime import current_runtime
from evalsys.design.queries import get_round


def import_upload(
    action: Callable[..., Any], code: str, upload: FileStorage, name: str, *, actor: str, accept_good: bool
) -> Any:
    """Have ``action`` import an uploaded file into a round, in one transaction of its own; what it reports.

    The file lies in a folder of its own under its own harmless name, or ``name``, and is gone afterwards.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (secure_filename(upload.filename or "") or name)
        upload.save(path)
        with transaction() as session:
            found = get_round(session, code)
            return action(session, current_runtime(), found, path, actor=actor, accept_good=accept_good)
