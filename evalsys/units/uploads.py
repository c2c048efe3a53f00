"""A file that somebody uploaded, as a path for as long as it is read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename


@contextmanager
def keep_upload(upload: FileStorage, name: str) -> Iterator[Path]:
    """The uploaded file in a folder of its own, under its own harmless name (or ``name``), gone after the block."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (secure_filename(upload.filename or "") or name)
        upload.save(path)
        yield path
