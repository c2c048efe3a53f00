"""What one installation works with: settings, clock, keys and telephone, wired once by ``create_app`` and passed to actions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app

from evalsys.base.clock import Clock
from evalsys.base.config import Settings
from evalsys.base.crypto import Keyring


@dataclass
class Runtime:
    """The tools of an entry point. ``telephone`` is a ``gateways.port.Telephone``; a test or rehearsal puts another in its place."""

    settings: Settings
    clock: Clock
    keyring: Keyring
    telephone: Any

    @property
    def published_folder(self) -> Path:
        """Where frozen data sets and published files are kept."""
        folder = self.settings.home / "published"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def current_runtime() -> Runtime:
    """The runtime of the application that handles this request, command or job."""
    return current_app.extensions["evalsys"]
