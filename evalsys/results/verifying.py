"""``evalsys verify BUNDLE``: draw the sample again and compute every published figure again, from the bundle alone."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evalsys.results import publishing as names
from evalsys.results.annual import annual_figures
from evalsys.results.container import Bundle, BundleError, open_bundle
from evalsys.results.scoring import score_dataset
from surveys.errors import SurveyError
from surveys.sampling.verify_draw import NotVerified, verify
from surveys.scoring import HotlineCounts, Scheme, ScoredUnit, differences, public_figures


@dataclass(frozen=True)
class Check:
    """One thing that was checked, and what does not fit (nothing, where all is well)."""

    name: str
    problems: tuple[str, ...]


def verify_bundle(path: Path, public_key: Ed25519PublicKey | None = None, *, engine: str = "duckdb") -> Iterator[Check]:
    """Check a bundle step by step; stops after the archive where that is not as it was signed.

    ``public_key``: the commission's, where the reader has it from elsewhere; without it only changes after signing are found.
    ``engine``, one of ``ENGINES``: what reads the answers of an auditor's bundle.
    """
    try:
        bundle = open_bundle(path, public_key)
    except BundleError as error:
        yield Check("archive", (str(error),))
        return
    yield Check("archive", ())
    try:
        verify(path)
        yield Check("draw", ())
    except NotVerified as error:
        yield Check("draw", (str(error),))
    configuration = _read(bundle, names.CONFIGURATION_MEMBER)
    figures = _read(bundle, names.FIGURES_MEMBER)
    try:
        scheme = Scheme.from_configuration(configuration)
        yield Check("figures", tuple(differences(figures, scheme)))
        yield Check("annual", tuple(_check_annual(bundle, configuration, figures)))
        if bundle.kind == "auditor":
            yield Check("answers", tuple(_check_answers(bundle, configuration, figures, scheme, engine)))
    except (SurveyError, KeyError, ValueError, TypeError) as error:
        yield Check("figures", (f"the figures cannot be computed again: {error!r}",))


def _check_annual(bundle: Bundle, configuration: dict, figures: dict) -> Iterator[str]:
    if names.ANNUAL_MEMBER not in bundle.names():
        return
    stated = _read(bundle, names.ANNUAL_MEMBER)
    mid_year = _read(bundle, names.MID_YEAR_MEMBER) if names.MID_YEAR_MEMBER in bundle.names() else None
    computed = annual_figures(configuration, figures, mid_year)
    for one, other in zip(stated["units"], computed["units"], strict=True):
        if one != other:
            yield f"{names.ANNUAL_MEMBER}: unit {one['unit']} is stated as {one}, computed as {other}"


def _check_answers(bundle: Bundle, configuration: dict, figures: dict, scheme: Scheme, engine: str) -> Iterator[str]:
    """From the answers to the figures: everything that is published, and everything that is not."""
    units = [ScoredUnit(**row) for row in _read(bundle, names.UNITS_MEMBER)]
    orders = {
        code: HotlineCounts(**counts)
        for code, counts in _read(bundle, names.ORDERS_MEMBER).items()
        if counts and counts["orders"]
    }
    seed = _read(bundle, names.SOURCES_MEMBER)["seed"]
    strata = _read(bundle, names.STRATA_MEMBER)
    disclosure = _read(bundle, names.DISCLOSURE_MEMBER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.parquet"
        bundle.extract(names.ANSWERS_MEMBER, path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != disclosure["dataset_sha256"]:
            yield f"{names.ANSWERS_MEMBER} is not the data set whose hash was published"
        computed = score_dataset(path, strata, units, configuration, orders, seed, engine=engine)
    if computed != _read(bundle, names.ALL_FIGURES_MEMBER):
        yield f"{names.ALL_FIGURES_MEMBER} is not what follows from the answers"
    if public_figures(computed, scheme.gates) != figures:
        yield f"{names.FIGURES_MEMBER} is not what follows from the answers"


def _read(bundle: Bundle, name: str) -> dict:
    return json.loads(bundle.read(name))
