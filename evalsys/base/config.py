"""Settings, read once from the environment and checked as a whole.

Development needs none of them: everything falls back to the embedded default below ``EVALSYS_HOME``. Production
(``EVALSYS_MODE=production``) refuses to start while one is missing or misspelt, and says which.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evalsys.base.errors import SettingsError

PREFIX = "EVALSYS_"
SECOND_FACTORS = ("required", "offered")
TELEPHONES = ("simulator", "twilio", "files")
#: name → what it is for; also the list that the documentation and the refusal of unknown names use.
KNOWN = {
    "MODE": "development or production",
    "HOME": "folder for the embedded database, published files and the generated key (default ./var)",
    "DATABASE_URL": "SQLAlchemy address of the database",
    "BROKER_URL": "Redis or RabbitMQ address that wakes workers; empty: the worker polls the job table",
    "PUBLIC_BASE_URL": "address under which respondents and the telephone provider reach this installation",
    "TELEPHONE": "simulator, twilio or files",
    "TWILIO_ACCOUNT_SID": "account of the telephone provider",
    "TWILIO_AUTH_TOKEN": "its secret; also signs its callbacks",
    "TWILIO_BASE_URL": "address of the provider, where it is not Twilio's own (the simulator's)",
    "SECRET_KEY": "at least 32 characters; every other key is derived from it",
    "SECOND_FACTOR": "required: staff sign in with a second factor; offered: who wants to. Default: required in production, else offered",
    "CLOCK": "system, or virtual:PATH for rehearsals",
}
REQUIRED_IN_PRODUCTION = ("DATABASE_URL", "PUBLIC_BASE_URL", "TELEPHONE", "SECRET_KEY")
REQUIRED_FOR_TWILIO = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")


@dataclass(frozen=True)
class Settings:
    """Everything the application is told from outside."""

    mode: str
    home: Path
    database_url: str
    broker_url: str
    public_base_url: str
    telephone: str
    twilio_account_sid: str
    twilio_auth_token: str
    twilio_base_url: str
    secret_key: str
    clock: str
    second_factor: str

    @property
    def wants_second_factor(self) -> bool:
        """Whether nobody of the staff gets further than enrolment without a second factor."""
        return self.second_factor == "required"

    @property
    def by_call_centre(self) -> bool:
        """Whether a call centre works the telephone from files, so that nothing is dialled or sent from here."""
        return self.telephone == "files"

    @property
    def is_production(self) -> bool:
        return self.mode == "production"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in ``environ`` (default: the process's own).

    Raises
    ------
    SettingsError
        Naming every unknown, missing or malformed variable at once.
    """
    given = {k.removeprefix(PREFIX): v for k, v in (environ or os.environ).items() if k.startswith(PREFIX)}
    mode = given.get("MODE", "development")
    problems = _find_problems(given, mode)
    if problems:
        raise SettingsError("The settings cannot be used: " + " ".join(problems))
    home = Path(given.get("HOME", "var")).absolute()
    return Settings(
        mode=mode,
        home=home,
        database_url=given.get("DATABASE_URL") or f"sqlite:///{home / 'evalsys.sqlite'}",
        broker_url=given.get("BROKER_URL", ""),
        public_base_url=given.get("PUBLIC_BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        telephone=given.get("TELEPHONE", "simulator"),
        twilio_account_sid=given.get("TWILIO_ACCOUNT_SID", "AC" + "0" * 32),
        twilio_auth_token=given.get("TWILIO_AUTH_TOKEN", "simulator-token"),
        twilio_base_url=given.get("TWILIO_BASE_URL", "http://127.0.0.1:8010"),
        secret_key=given.get("SECRET_KEY") or _own_secret(home),
        clock=given.get("CLOCK", "system"),
        second_factor=given.get("SECOND_FACTOR") or ("required" if mode == "production" else "offered"),
    )


def _find_problems(given: Mapping[str, str], mode: str) -> list[str]:
    problems = []
    if mode not in ("development", "production"):
        problems.append(f"EVALSYS_MODE is {mode!r}; write 'development' or 'production'.")
    telephone = given.get("TELEPHONE", "simulator")
    if telephone not in TELEPHONES:
        problems.append(f"EVALSYS_TELEPHONE is {telephone!r}; choose one of {', '.join(TELEPHONES)}.")
    if (given.get("SECOND_FACTOR") or "offered") not in SECOND_FACTORS:
        problems.append(f"EVALSYS_SECOND_FACTOR is {given['SECOND_FACTOR']!r}; write 'required' or 'offered'.")
    if mode != "production":
        return problems
    for name in sorted(set(given) - set(KNOWN)):
        problems.append(f"EVALSYS_{name} is not a setting of evalsys; remove it or correct its name.")
    required = REQUIRED_IN_PRODUCTION + (REQUIRED_FOR_TWILIO if telephone == "twilio" else ())
    for name in required:
        if not given.get(name):
            problems.append(f"EVALSYS_{name} is missing ({KNOWN[name]}).")
    if given.get("SECRET_KEY") and len(given["SECRET_KEY"]) < 32:
        problems.append("EVALSYS_SECRET_KEY is shorter than 32 characters.")
    if given.get("PUBLIC_BASE_URL", "https://").partition("://")[0] not in ("https", "http"):
        problems.append("EVALSYS_PUBLIC_BASE_URL must begin with https:// (or http:// behind your own proxy).")
    return problems


def _own_secret(home: Path) -> str:
    """The key that a development installation makes for itself, once, readable by its owner only."""
    path = home / "secret.key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
