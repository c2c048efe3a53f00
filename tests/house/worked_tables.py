"""The tables of docs/worked-round.md that are results: heading → rows as they must stand there."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np

from evalsys.results.annual import annual_figures
from surveys.fieldwork.outcomes import rates
from surveys.fieldwork.quotas import ReleaseRule, ReplicateProgress, should_release_next
from surveys.scoring import annual_result, public_figures
from surveys.scoring.annual import Adjustment
from surveys.scoring.comparison import between_variance
from surveys.scoring.composites import composite
from surveys.scoring.figures import figure
from surveys.scoring.ranks import pair_errors
from tests.house.worked_round import Rows, WorkedRound

NONE = "–"


def sample_rows(work: WorkedRound) -> Rows:
    """N_h, n_h, its replicates, and what is out."""
    rows = []
    for name, size in work.plan.counts.items():
        plan = work.replicates[name.split("/")[0]]
        ranks = [len(plan.ranks(name, r)) for r in range(1, plan.sample_replicates + 1)]
        rows.append(
            {
                "Stratum": name,
                "N_h": str(size),
                "n_h": str(work.plan.sample_sizes[name]),
                "In replicates": " + ".join(map(str, ranks)),
                "Released": str(work.released[name]),
            }
        )
    return rows


def release_rows(work: WorkedRound) -> Rows:
    """What the rule says at some moments of a unit's fieldwork."""
    rule = ReleaseRule.from_configuration(work.configuration["fieldwork"])
    size, quota = (work.configuration["fieldwork"][key] for key in ("replicate_size", "quota"))
    rows = []
    for row in work.tables["Moments of U2"]:
        names = ("Replicates out", "Final in the last", "Completes before", "Completes in the last")
        out, final, before, completes = (int(row[name]) for name in names)
        # Of the earlier replicates, all of whose cases are final, the rule uses sums only.
        earlier = ReplicateProgress((out - 1) * size, (out - 1) * size, before)
        found = should_release_next(quota, [earlier, ReplicateProgress(size, final, completes)], rule)
        expected = f"{found.expected_completes:.2f}"
        rows.append({"Moment": row["Moment"], "expected completes": expected, "next": "yes" if found.release else "no"})
        rows[-1]["why"] = found.reason
    return rows


def commitment_rows(work: WorkedRound) -> Rows:
    """What is published, and the seed that follows."""
    values = {
        "lines of the frame": str(len(work.frame_lines)),
        "frame root": work.commitment.frame_root,
        "SHA-256 of the nonce": work.commitment.nonce_digests[0],
        "SHA-256 of the commitment": work.commitment.sha256,
        "seed": work.seed,
    }
    return [{"Name": name, "Value": value} for name, value in values.items()]


def draw_rows(work: WorkedRound) -> Rows:
    """The smallest stratum in the order of the draw."""
    smallest = min(work.plan.counts, key=lambda name: work.plan.counts[name])
    return [
        {"Rank": str(case.rank), "cid": case.cid, "ticket": case.ticket}
        for case in work.cases
        if case.stratum == smallest
    ]


def outcome_rows(work: WorkedRound) -> Rows:
    """AAPOR's rates over all released cases, and by unit."""
    rows = []
    for code in [*(unit.code for unit in work.units), "all"]:
        parts = [c for name, c in work.outcomes.items() if code in (name.split("/")[0], "all")]
        found = rates(sum(parts[1:], parts[0]))
        names = ("e", "RR1", "RR3", "COOP1", "REF1", "CON1")
        rows.append({"Unit": code} | {name: f"{getattr(found, name):.4f}" for name in names})
    return rows


def weight_rows(work: WorkedRound) -> Rows:
    """From the draw to the weight of an answer."""
    rows = []
    for row in work.strata:
        weight = work.weights[row["stratum"]]
        known = row["complete"] + row["eligible_rest"]
        rows.append(
            {
                "Stratum": row["stratum"],
                "N_h": str(row["population"]),
                "released": str(work.released[row["stratum"]]),
                "complete": str(row["complete"]),
                "known eligible": str(known),
                "not eligible": str(row["ineligible"]),
                "unknown": str(row["unknown"]),
                "e": f"{weight.eligible_share:.6f}",
                "base": f"{weight.base:.6f}",
                "nonresponse": f"{weight.nonresponse:.6f}",
                "weight": f"{weight.final:.6f}",
            }
        )
    return rows


def sum_rows(work: WorkedRound) -> Rows:
    """Whole numbers per stratum, in points."""
    rows = []
    for h, name in enumerate(work.sums.strata):
        s = work.sums.sums
        n, t, q = s.count[h], s.total[h] // 100, s.product[h] // 10_000
        row = {"Stratum": name, "rows": s.rows[h], "n₁": n[0, 0], "Σy₁": t[0, 0], "Σy₁²": q[0, 0], "n₂": n[1, 1]}
        row |= {"Σy₂": t[1, 1], "Σy₂²": q[1, 1], "n₁₂": n[0, 1], "Σy₁ (both)": t[0, 1], "Σy₂ (both)": t[1, 0]}
        row["Σy₁y₂"] = q[0, 1]
        rows.append({key: str(value) for key, value in row.items()})
    return rows


def mean_rows(work: WorkedRound) -> Rows:
    """Means by unit and group with their covariance matrix."""
    rows = []
    for unit in work.units:
        for group in work.scheme.group_codes:
            d = work.domain(unit.code, group)
            n, mean, v = work.means.n[d], work.means.means[d], work.means.covariance(d, d)
            if n.any():
                row = {"Unit": unit.code, "Group": group, "n₁": str(n[0]), "ȳ₁": f"{mean[0]:.6f}", "n₂": str(n[1])}
                row |= {"ȳ₂": f"{mean[1]:.6f}", "V₁₁": number(v[0, 0]), "V₁₂": number(v[0, 1]), "V₂₂": number(v[1, 1])}
                rows.append(row)
    return rows


def score_rows(work: WorkedRound) -> Rows:
    """Indicators, survey score, its error and interval."""
    rows = []
    for u, unit in enumerate(work.figures["units"]):
        at = [work.domain(unit["unit"], group) for group in work.scheme.group_codes]
        part = composite(work.scheme, work.means.means[at], work.means.covariance_of(at), work.means.n[at])
        assert figure(part.score) == unit["survey_score"], f"unit {u} is scored in two ways"
        rows.append(
            {
                "Unit": unit["unit"],
                "I₁": unit["indicators"]["I1"]["mean"],
                "I₂": unit["indicators"]["I2"]["mean"],
                "survey": unit["survey_score"],
                "variance": number(part.variance),
                "s": unit["survey_std_error"],
                "df": str(unit["df"]),
                "t": f"{work.t_value(unit['df']):.4f}",
                "low": unit["survey_low"],
                "high": unit["survey_high"],
                "completes": str(unit["completes"]),
                "n": str(unit["n"]),
                "awareness": unit["awareness_share"],
                "notes": ", ".join(unit["notes"]) or NONE,
            }
        )
    return rows


def hotline_rows(work: WorkedRound) -> Rows:
    """Shrunk rates and the hotline score; the category's rates last."""
    names = ("response", "resolution", "satisfaction")
    rows = []
    for unit in work.figures["units"]:
        found = unit["hotline"]
        rows.append({"Unit": unit["unit"]} | {name: found["shrunk"][name] for name in names})
        rows[-1]["hotline"] = found["score"]
    (category,) = work.figures["categories"]
    rows.append({"Unit": "category (r)"} | category["hotline_rates"] | {"hotline": NONE})
    return rows


def round_rows(work: WorkedRound) -> Rows:
    """Survey and hotline joined."""
    return [
        {"Unit": u["unit"], "survey": u["survey_score"], "hotline": u["hotline"]["score"], "round": u["score"]}
        for u in work.figures["units"]
    ]


def category_rows(work: WorkedRound) -> Rows:
    """What the compared units of the category share."""
    (found,) = work.figures["categories"]
    of = {unit["unit"]: unit for unit in work.figures["units"]}
    y, s = (
        np.array([float(of[code][key]) for code in found["compared"]]) for key in ("survey_score", "survey_std_error")
    )
    values = {
        "compared": ", ".join(found["compared"]),
        "t": found["target"],
        "τ² by moments": number(between_variance(y, s)),
        "φ": found["phi"],
        "τ² winsorised": found["tau2"],
        "ranked": ", ".join(found["ranked"]),
        "c": ", ".join(found["critical_values"]),
        "worst set": ", ".join(found["worst_set"]),
    }
    return [{"Name": name, "Value": value} for name, value in values.items()]


def gate_rows(work: WorkedRound) -> Rows:
    """Reliability and how much of a unit may be shown."""
    keys = ("n", "reliability", "visibility", "z", "band", "grade")
    return [
        {"Unit": u["unit"]} | {key: str(u[key]) if u[key] is not None else NONE for key in keys}
        for u in work.figures["units"]
    ]


def pair_rows(work: WorkedRound) -> Rows:
    """Differences of ranked units in their errors."""
    (found,) = work.figures["categories"]
    of = {unit["unit"]: unit for unit in work.figures["units"]}
    ranked = found["ranked"]
    sigma = pair_errors(np.diag([float(of[code]["survey_std_error"]) ** 2 for code in ranked]))
    c = min(float(value) for value in found["critical_values"])
    rows = []
    for j, one in enumerate(ranked):
        for k, other in enumerate(ranked):
            gap = Decimal(of[one]["survey_score"]) - Decimal(of[other]["survey_score"])
            if gap > 0:
                ratio = float(gap) / sigma[j, k]
                row = {"Pair": f"{one} over {other}", "difference": str(gap), "σ": number(sigma[j, k])}
                rows.append(row | {"ratio": number(ratio), "certain": "yes" if ratio > c else "no"})
    return rows


def rank_rows(work: WorkedRound) -> Rows:
    """Ranks with their sets."""
    return [
        {
            "Unit": u["unit"],
            "rank": str(u["rank"]),
            "rank set": f"{u['rank_low']}–{u['rank_high']}",
            "in the worst set": "yes" if u["in_worst_set"] else "no",
        }
        for u in work.figures["units"]
        if u["rank"] is not None
    ]


def year_rows(work: WorkedRound) -> Rows:
    """The annual assessment of every unit."""
    public = public_figures(work.figures, work.scheme.gates)
    before = {row["Unit"]: row["Mid-year"] for row in work.tables["The units"]}
    published = {row["unit"]: row for row in annual_figures(work.configuration, public, mid_year(work))["units"]}
    rows = []
    for unit, given in zip(public["units"], work.tables["The units"], strict=True):
        end = Decimal(unit["score"]) if "score" in unit else None
        early = None if before[unit["unit"]] == NONE else Decimal(before[unit["unit"]])
        result = annual_result(
            work.scheme,
            is_key=unit["is_key"],
            mid_year=early,
            year_end=end,
            adjustments=[
                Adjustment(Decimal(points), "merit", "a certificate", ("A", "B"))
                for points in given["Adjustments"].replace(NONE, "").split()
            ],
            vetoed=given["Veto"] == "yes",
            may_grade=unit["visibility"] == "full",
        )
        assert published[unit["unit"]]["base"] == figure(result.base), "the bundle's year differs"
        rows.append(
            {
                "Unit": unit["unit"],
                "mid-year": before[unit["unit"]],
                "year-end": figure(end) or NONE,
                "base": figure(result.base) or NONE,
                "adjustment": figure(result.adjustment),
                "total": figure(result.total) or NONE,
                "grade": result.grade or NONE,
            }
        )
    return rows


def mid_year(work: WorkedRound) -> dict:
    """The mid-year round as published: nothing but the scores that the page gives."""
    given = [(row["Unit"], row["Mid-year"]) for row in work.tables["The units"] if row["Mid-year"] != NONE]
    return {"units": [{"unit": code, "visibility": "full", "score": score} for code, score in given]}


def public_rows(work: WorkedRound) -> Rows:
    """What everybody may read about each unit."""
    rows = []
    for unit in public_figures(work.figures, work.scheme.gates)["units"]:
        interval = f"{unit['survey_low']}–{unit['survey_high']}" if "survey_low" in unit else NONE
        row = {
            "Unit": unit["unit"],
            "survey": unit.get("survey_score"),
            "interval": interval,
            "round": unit.get("score"),
        }
        rows.append({key: value or NONE for key, value in (row | {"grade": unit.get("grade")}).items()})
    return rows


def number(value: float) -> str:
    """Six decimals, as the page prints what is not published."""
    return f"{value:.6f}"


RESULTS: dict[str, Callable[[WorkedRound], Rows]] = {
    "Sample and release": sample_rows,
    "When the next replicate opens": release_rows,
    "Commitment and seed": commitment_rows,
    "The draw of one stratum": draw_rows,
    "Outcome rates": outcome_rows,
    "Weights": weight_rows,
    "Sums": sum_rows,
    "Means by group": mean_rows,
    "Survey score": score_rows,
    "Hotline score": hotline_rows,
    "Score of the round": round_rows,
    "The category": category_rows,
    "Gates, bands and grades": gate_rows,
    "Pairs": pair_rows,
    "Rank sets": rank_rows,
    "The year": year_rows,
    "What everybody sees": public_rows,
}
