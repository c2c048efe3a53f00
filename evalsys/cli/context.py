"""What commands share: the application, one transaction, errors as sentences, figures as text or JSON."""

from __future__ import annotations

import functools
import getpass
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask
from sqlalchemy.orm import Session

from evalsys.app import create_app
from evalsys.base.database import transaction
from evalsys.base.errors import EvalsysError
from evalsys.base.runtime import Runtime, current_runtime
from surveys.errors import SurveyError

as_json = click.option("--json", "as_json", is_flag=True, help="Print figures as JSON.")
acting = click.option("--actor", default=getpass.getuser, show_default="your sign-in name", help="Who does this.")


class Refusal(click.ClickException):
    """An error of ours as the command line shows it: the sentence, then every bad line."""

    def __init__(self, message: str, problems: list | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []

    def show(self, file=None) -> None:
        for problem in self.problems:
            click.echo(f"  {describe_problem(problem)}", err=True)
        super().show(file)


def describe_problem(problem) -> str:
    """A bad line in one line: number, column, value, and what is wrong with it."""
    from evalsys.fieldwork.result_lines import SENTENCES as RESULT_SENTENCES
    from evalsys.hotline.actions import SENTENCES as ORDER_SENTENCES
    from evalsys.samples.imports import SENTENCES as RECORD_SENTENCES
    from evalsys.units.import_rows import ROW_SENTENCES, RowProblem

    if not isinstance(problem, RowProblem):
        return str(problem)
    sentence = problem.sentence({**ROW_SENTENCES, **RECORD_SENTENCES, **ORDER_SENTENCES, **RESULT_SENTENCES})
    return f"line {problem.line}, {problem.column}: {problem.value!r} {sentence}"


def speaks_plainly(command: Callable) -> Callable:
    """Turn errors of ours into one sentence and exit status 1."""

    @functools.wraps(command)
    def wrapped(*args, **kwargs):
        try:
            return command(*args, **kwargs)
        except EvalsysError as error:
            raise Refusal(str(error), getattr(error, "problems", None)) from error
        except SurveyError as error:
            raise Refusal(str(error)) from error

    return wrapped


def imports_file(command: Callable) -> Callable:
    """A command that takes a file into a round: ``round_code``, ``file``, ``accept_good``, ``actor`` and ``as_json``."""
    options = (
        click.argument("round_code"),
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option("--accept-good", is_flag=True, help="Import the good lines although there are bad ones."),
        acting,
        as_json,
    )
    return functools.reduce(lambda known, add: add(known), reversed(options), speaks_plainly(command))


@contextmanager
def entry_point(app: Flask | None = None) -> Iterator[tuple[Session, Runtime]]:
    """The application's context with one transaction open: a command calls one action in it."""
    with (app or create_app()).app_context(), transaction() as session:
        yield session, current_runtime()


def show(figures: Mapping | list, as_json: bool, lines: Callable[[], Iterable[str]]) -> None:
    """Print figures as JSON, or as lines for a person."""
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, sort_keys=True, default=str))
    else:
        for line in lines():
            click.echo(line)
