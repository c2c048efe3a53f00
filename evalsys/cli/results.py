"""``evalsys hotline``, ``score``, ``assess``, ``publish``, ``verify`` and ``key``."""

from __future__ import annotations

import hashlib
import sys
from contextlib import redirect_stdout
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evalsys.app import create_app
from evalsys.assessment.actions import assess_year
from evalsys.cli.context import Refusal, acting, as_json, entry_point, imports_file, show, speaks_plainly
from evalsys.design.queries import get_programme, get_round
from evalsys.hotline.actions import import_orders
from evalsys.results.engines import ENGINES
from evalsys.results.publishing import publish_round
from evalsys.results.scoring import score_round
from evalsys.results.verifying import verify_bundle


@click.group()
def hotline() -> None:
    """The citizen hotline's orders (12345)."""


@hotline.command("import")
@imports_file
def import_file(round_code: str, file: Path, accept_good: bool, actor: str, as_json: bool) -> None:
    """Import a CSV or XLSX file of orders for a round."""
    with entry_point() as (session, runtime):
        found = get_round(session, round_code)
        stored = import_orders(session, runtime, found, file, actor=actor, accept_good=accept_good)
    show({"orders": stored}, as_json, lambda: [f"{stored} orders"])


@click.command()
@click.argument("round_code")
@click.option(
    "--engine", type=click.Choice(list(ENGINES)), default="duckdb", help="What reads the answers; changes no figure."
)
@acting
@as_json
@speaks_plainly
def score(round_code: str, engine: str, actor: str, as_json: bool) -> None:
    """Score a frozen round."""
    with entry_point() as (session, runtime):
        run = score_round(session, runtime, get_round(session, round_code), actor=actor, engine=engine)
        figures, sha256 = run.figures, run.sha256
    show(figures, as_json, lambda: score_lines(figures, sha256))


def score_lines(figures: dict, sha256: str):
    """The scores as lines: unit, completes, survey score with interval, round score, grade, rank set."""
    yield f"{'unit':<14}{'n':>5}  {'survey':>7}  {'95 %':>15}  {'score':>7}  {'grade':<10} ranks"
    for unit in figures["units"]:
        interval = f"{unit['survey_low'] or '–'}–{unit['survey_high'] or '–'}"
        ranks = f"{unit['rank_low']}–{unit['rank_high']}" if unit["rank_low"] else "–"
        yield (
            f"{unit['unit']:<14}{unit['n']:>5}  {unit['survey_score'] or '–':>7}  {interval:>15}  "
            f"{unit['score'] or '–':>7}  {unit['grade'] or '–':<10} {ranks}"
        )
    yield f"SHA-256 {sha256}"


@click.command()
@click.argument("programme_code")
@acting
@as_json
@speaks_plainly
def assess(programme_code: str, actor: str, as_json: bool) -> None:
    """Join a year's scored rounds into the annual assessment."""
    with entry_point() as (session, runtime):
        figures = assess_year(session, runtime, get_programme(session, programme_code), actor=actor).figures

    def lines():
        for unit in figures["units"]:
            parts = " ".join(f"{unit[kind] or '–':>7}" for kind in ("mid_year", "year_end", "total"))
            yield f"{unit['unit']:<14}{parts}  {unit['grade'] or '–'}"

    show(figures, as_json, lines)


@click.command()
@click.argument("round_code")
@click.option("--approved-by", required=True, help="Who approves.")
@click.option("--seconded-by", required=True, help="Who seconds; another person.")
@click.option("--reason", default="", help="Why a revision is published.")
@as_json
@speaks_plainly
def publish(round_code: str, approved_by: str, seconded_by: str, reason: str, as_json: bool) -> None:
    """Publish the newest scores of a round, with the bundles that prove them."""
    with entry_point() as (session, runtime):
        found = get_round(session, round_code)
        publication = publish_round(
            session, runtime, found, approved_by=approved_by, seconded_by=seconded_by, reason=reason
        )
        files = {kind: str(runtime.published_folder / name) for kind, name in publication.files.items()}
        figures = {"revision": publication.revision, "files": files}
    show(figures, as_json, lambda: iter(files.values()))


@click.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--public-key", default="", help="The commission's key in hex, from a place other than the bundle.")
@click.option("--engine", type=click.Choice(list(ENGINES)), default="duckdb", help="What reads the auditor's answers.")
@as_json
@speaks_plainly
def verify(bundle: Path, public_key: str, engine: str, as_json: bool) -> None:
    """Draw the sample again and compute every published figure again, from the bundle alone."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)) if public_key else None
    except ValueError as error:
        raise Refusal("The public key is 64 hex digits; this is not one.") from error
    # The verifier of the draw says what it finds as it goes along.
    with redirect_stdout(sys.stderr if as_json else sys.stdout):
        checks = list(verify_bundle(bundle, key, engine=engine))
    figures = [{"check": check.name, "problems": list(check.problems)} for check in checks]

    def lines():
        for check in checks:
            yield f"{'NOT VERIFIED' if check.problems else 'verified':<14}{check.name}"
            yield from (f"  {problem}" for problem in check.problems)

    show(figures, as_json, lines)
    if any(check.problems for check in checks):
        raise SystemExit(1)


@click.group()
def key() -> None:
    """The key that signs published bundles."""


@key.command("show")
@as_json
@speaks_plainly
def show_key(as_json: bool) -> None:
    """Print the public key in hex, as ``verify --public-key`` takes it, and its fingerprint; needs no database."""
    public = create_app().extensions["evalsys"].keyring.signing_key().public_key().public_bytes_raw()
    figures = {"algorithm": "Ed25519", "public_key": public.hex(), "fingerprint": hashlib.sha256(public).hexdigest()}

    def lines():
        yield f"public key (Ed25519)   {figures['public_key']}"
        yield f"fingerprint (SHA-256)  {figures['fingerprint']}"

    show(figures, as_json, lines)
