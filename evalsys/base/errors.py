"""What can go wrong, as sentences for the person who can mend it.

An error carries an English sentence that is also the message id of its translation, and the values that the sentence names.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session


class EvalsysError(Exception):
    """Something was asked that cannot be done; ``text`` names where and what to do, ``values`` fill it in.

    ``afterwards``, where set, is called with the session once the transaction was rolled back, and kept: a refused act leaves its
    trace in the audit trail although nothing else of it stays.
    """

    status = 400
    afterwards: Callable[[Session], object] | None = None

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text % values if values else text)
        self.text = text
        self.values = values


class SettingsError(EvalsysError):
    """The environment does not describe an installation that can start."""

    status = 500


class Refused(EvalsysError):
    """The state of things does not allow the act (drawing before the commitment, scoring an open round, …)."""

    status = 409


class NotFound(EvalsysError):
    """There is no such thing, or not for this person."""

    status = 404


class BadInput(EvalsysError):
    """A value that a person, file or provider sent is wrong."""

    status = 422


class BadLines(BadInput):
    """An import found bad lines; nothing was imported. ``problems`` has them all, with number, column and value."""

    def __init__(self, text: str, problems: list, **values: object) -> None:
        super().__init__(text, **values)
        self.problems = problems
