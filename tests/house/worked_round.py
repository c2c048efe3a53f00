"""The worked round of docs/worked-round.md, computed by the product from the tables that the page gives as inputs."""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy import stats

from evalsys.results.freezing import write_dataset
from evalsys.results.onepass import RoundSums, sum_dataset
from evalsys.results.scoring import score_dataset
from evalsys.samples.draws import plan_unit_replicates
from evalsys.samples.frames import StrataPlan, plan_strata
from surveys.estimation import DomainMeans, Sample, estimate_means
from surveys.fieldwork.outcomes import OutcomeCounts
from surveys.sampling.commitment import Commitment, commit_sample, reveal_seed
from surveys.sampling.draw import DrawnCase, draw
from surveys.sampling.frames import FrameEntry
from surveys.sampling.frozen_frame import frame_line, summarize_frame
from surveys.sampling.identifiers import case_identifier
from surveys.sampling.replicates import ReplicatePlan
from surveys.sampling.strata import Stratum
from surveys.scoring import HotlineCounts, Scheme, ScoredUnit
from surveys.weighting import ClassCounts, ClassWeight, weigh_classes
from tests.house.sources import ROOT

PAGE = ROOT / "docs/worked-round.md"
CODES = ("1.1", "1.2", "2.11", "2.20", "3.13", "4.10")
ROUND = "R"
Rows = list[dict[str, str]]


def read_tables(text: str) -> dict[str, Rows]:
    """Every table of a page by the heading above it."""
    tables: dict[str, Rows] = {}
    for part in re.split(r"^#+ ", text, flags=re.MULTILINE)[1:]:
        heading = part.partition("\n")[0]
        lines = re.findall(r"^\| (.+) \|$", part, re.MULTILINE)
        if lines:
            header, *rows = [[cell.strip(" `") for cell in line.split(" | ")] for line in lines]
            tables[heading] = [dict(zip(header, row, strict=True)) for row in rows]
    return tables


def read_configuration(text: str) -> dict:
    """The configuration that the page prints."""
    (block,) = re.findall(r"^```toml\n(.+?)^```", text, re.MULTILINE | re.DOTALL)
    return tomllib.loads(block)


@dataclass(frozen=True)
class WorkedRound:
    """The inputs of the page, and what the product makes of them."""

    configuration: dict
    tables: Mapping[str, Rows]

    @classmethod
    def from_page(cls, text: str) -> WorkedRound:
        """The round that a page describes."""
        return cls(read_configuration(text), read_tables(text))

    @cached_property
    def units(self) -> list[ScoredUnit]:
        """The units in their order."""
        return [ScoredUnit(row["Unit"], "services", row["Key"] == "yes") for row in self.tables["The units"]]

    @cached_property
    def scheme(self) -> Scheme:
        """What the configuration says about scoring."""
        return Scheme.from_configuration(self.configuration)

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Round key, nonce, and what the dice showed."""
        return {row["Name"]: row["Value"] for row in self.tables["What nobody can know beforehand"]}

    @cached_property
    def plan(self) -> StrataPlan:
        """Strata and sample sizes."""
        return plan_strata(self._entries(), self.configuration)

    def _entries(self) -> list[FrameEntry]:
        """Record numbers count from 001 within unit, group and county."""
        return [
            FrameEntry(f"{name}/{k:03}", *name.split("/"))
            for name, size in ((row["Stratum"], int(row["Records"])) for row in self.tables["The frame"])
            for k in range(1, size + 1)
        ]

    @cached_property
    def frame_lines(self) -> list[str]:
        """``stratum|cid`` of every entry."""
        key = bytes.fromhex(self.secrets["round key"])
        final = self.plan.final_by_original
        return [
            frame_line(final[Stratum(entry.unit, entry.group, entry.county)].name, case_identifier(key, number))
            for entry in self._entries()
            for number in [entry.record_number]
        ]

    @cached_property
    def commitment(self) -> Commitment:
        """What is published before the dice are thrown."""
        return commit_sample(
            ROUND,
            summarize_frame(self.frame_lines),
            self.plan.sample_sizes,
            [self.secrets["nonce"]],
            beacon_source="",
            dice_source=self.secrets["dice source"],
        )

    @cached_property
    def seed(self) -> str:
        """The seed of the draw."""
        return reveal_seed(self.commitment, [self.secrets["nonce"]], "", self.secrets["dice"])

    @cached_property
    def cases(self) -> list[DrawnCase]:
        """All cases in the order of the draw."""
        return list(draw(self.frame_lines, self.commitment, self.seed))

    @cached_property
    def replicates(self) -> dict[str, ReplicatePlan]:
        """Per unit, its replicates."""
        return plan_unit_replicates(self.commitment, self.configuration)

    @cached_property
    def released(self) -> dict[str, int]:
        """Per stratum, how many cases are out."""
        counts: dict[str, int] = {}
        for row in self.tables["The units"]:
            counts |= self.replicates[row["Unit"]].released_counts(int(row["Replicates released"]))
        return counts

    @cached_property
    def outcomes(self) -> dict[str, OutcomeCounts]:
        """Per stratum, the outcomes of its released cases."""
        return {
            row["Stratum"]: OutcomeCounts.from_code_counts({code: int(row[code]) for code in CODES})
            for row in self.tables["What became of them"]
        }

    @cached_property
    def strata(self) -> list[dict]:
        """The strata as they are scored."""
        return [
            {
                "stratum": name,
                "unit": name.split("/")[0],
                "group": name.split("/")[1],
                "members": [name],
                "population": self.plan.counts[name],
                "complete": int(c.I),
                "eligible_rest": int(c.P + c.R + c.NC + c.O),
                "ineligible": int(c.NE),
                "unknown": int(c.unknown),
            }
            for name, c in self.outcomes.items()
        ]

    @cached_property
    def weights(self) -> dict[str, ClassWeight]:
        """The weight of each complete, by stratum."""
        names = ("population", "complete", "eligible_rest", "ineligible", "unknown")
        return weigh_classes([ClassCounts(row["stratum"], *(row[name] for name in names)) for row in self.strata])

    def _dataset(self) -> pa.Table:
        """One row per complete interview."""
        rows = [
            (name.split("/")[0], name.split("/")[1], name, "web", "1.1", *pattern.split("·"))
            for name, counts in ((row["Stratum"], row) for row in self.tables["What was answered"])
            for pattern, count in counts.items()
            if "·" in pattern
            for _ in range(int(count))
        ]
        names = ["unit", "evaluator_group", "stratum", "channel", "outcome", *self.scheme.indicator_codes]
        return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))

    @cached_property
    def orders(self) -> dict[str, HotlineCounts]:
        """The hotline's orders."""
        return {
            row["Unit"]: HotlineCounts(*(int(value) for key, value in row.items() if key != "Unit"))
            for row in self.tables["Hotline orders"]
        }

    @cached_property
    def _scored(self) -> tuple[RoundSums, dict]:
        groups = self.scheme.group_codes
        domain_of = {name: self.domain(*name.split("/")[:2]) for name in self.outcomes}
        assert len(set(domain_of.values())) <= len(self.units) * len(groups)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answers.parquet"
            write_dataset(self._dataset(), path)
            sums = sum_dataset(path, self.scheme, {"CN5": "8"}, domain_of)
            figures = score_dataset(path, self.strata, self.units, self.configuration, self.orders, self.seed)
        return sums, figures

    def domain(self, unit: str, group: str) -> int:
        """The place of unit × group among the means."""
        return [u.code for u in self.units].index(unit) * 2 + self.scheme.group_codes.index(group)

    @property
    def sums(self) -> RoundSums:
        """Whole numbers per stratum: the one pass over the data set."""
        return self._scored[0]

    @property
    def figures(self) -> dict:
        """Every figure of the round, as stored and published."""
        return self._scored[1]

    @cached_property
    def means(self) -> DomainMeans:
        """Means by unit and group with their covariance."""
        row_of = {row["stratum"]: row for row in self.strata}
        used = [row_of[name] for name in self.sums.strata]
        sample = Sample(
            sampled=np.array([row["complete"] for row in used], float),
            population=np.array([row["population"] for row in used], float),
            weights=np.array([self.weights[row["stratum"]].final for row in used]),
        )
        lonely = self.configuration["scoring"]["lonely"]
        return estimate_means(self.sums.sums, sample, domains=len(self.units) * 2, lonely=lonely)

    def t_value(self, df: int) -> float:
        """The quantile of the interval."""
        return float(stats.t.ppf((1 + float(self.scheme.confidence_level)) / 2, df))
