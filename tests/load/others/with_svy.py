"""The means of tests/load/peers.py by svy, from the same file: .venv-bench/bin/python with_svy.py FOLDER.

It imports nothing of this project, since svy has an environment of its own.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import polars as pl
import svy

ENOUGH = 20  # seconds after which nothing is repeated


def estimate(folder: Path, task: dict) -> list[svy.Estimate]:
    """From the file to the means of every indicator in every domain, with their standard errors."""
    indicators = task["points"]
    answers = pl.read_parquet(folder / "answers.parquet").filter(pl.col("outcome") == "1.1")
    answers = answers.select(
        "stratum",
        domain=pl.col(task["by"]).replace_strict(task["domain_of"], return_dtype=pl.Int32),
        weight=pl.lit(float(task["sampled_of"])),
        population=pl.len().over("stratum") * task["sampled_of"],
        **{
            code: pl.col(code).replace_strict(points, default=None, return_dtype=pl.Float64)
            for code, points in indicators.items()
        },
    )
    design = svy.Design(stratum="stratum", wgt="weight", pop_size="population")
    # "don't know" is null, and svy takes what is left of an indicator as a domain
    return svy.Sample(answers, design).estimation.mean(list(indicators), by="domain", drop_nulls=True)


def main(folder: Path) -> None:
    """Write the estimates, and print the shortest time of up to three runs and the peak memory."""
    task = json.loads((folder / "task.json").read_text())
    times: list[float] = []
    while len(times) < 3 and sum(times) < ENOUGH:
        started = time.perf_counter()
        found = estimate(folder, task)
        times.append(time.perf_counter() - started)
    with (folder / "svy.csv").open("w") as lines:
        for one in found:
            for row in one.estimates:
                print(row.y, row.by_level[0], repr(row.est), repr(row.se), sep=",", file=lines)
    kilobytes = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
    print(json.dumps({"seconds": min(times), "peak": int(kilobytes) / 1024}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
