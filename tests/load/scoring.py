"""Score made-up answers and print time and memory beside the bare read: python -m tests.load.scoring [ROWS …].

Each size is scored in a process of its own, so that peak memory is its own; times are the best of three, in seconds. What
is timed is everything from the frozen file to the means of all domains with their covariances and standard errors. The
bare read is pyarrow's, of the same columns, as texts (``read``) and as the file's own dictionary codes (``coded``).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evalsys.results.onepass import sum_dataset
from surveys.estimation import DomainMeans, Sample, estimate_means
from surveys.scoring import Scheme

EXAMPLE = Path(__file__).parents[2] / "evalsys" / "examples" / "city"
SIZES = (20_000, 200_000, 2_000_000)
#: what is scored → the column of its domains, how many of them, how many strata; stations share strata
SHAPES = {"units": ("stratum", 128, 128 * 12), "stations": ("station", 3_700, 300)}
DONT_KNOW = "8"
SAMPLED_OF = 9


def codes_of(shape: str) -> tuple[list[str], list[str]]:
    """The codes of the domains' column and of the strata."""
    column, domains, strata = SHAPES[shape]
    codes = [f"{number:06d}/individuals" for number in range(strata)]
    return (codes if column == "stratum" else [f"ST{number:05d}" for number in range(domains)]), codes


def domains_of(shape: str) -> dict[str, int]:
    """Value of the domains' column → index of its domain; the strata of a unit follow one another."""
    codes, (_, count, _) = codes_of(shape)[0], SHAPES[shape]
    return {code: place * count // len(codes) for place, code in enumerate(codes)}


def write(folder: Path, rows: int, shape: str) -> None:
    """Write a frozen data set in which five answers of a hundred are "don't know", and the configuration."""
    from evalsys.design.programme_files import read_programme
    from evalsys.results.freezing import write_dataset

    configuration = read_programme(EXAMPLE).configuration
    scheme = Scheme.from_configuration(configuration)
    rng = np.random.default_rng(rows)
    domains, strata = codes_of(shape)
    domain = np.sort(rng.integers(0, len(domains), rows))
    columns = {"stratum": (domain * len(strata) // len(domains), strata)}
    if shape == "stations":
        columns["station"] = domain, domains
    columns["outcome"] = rng.choice(2, rows, p=[0.97, 0.03]), ["1.1", "1.2"]
    for indicator in scheme.indicators:
        options = list(scheme.points[indicator.scale])
        shares = rng.dirichlet(np.full(len(options), 4.0)) * 0.95
        columns[indicator.code] = rng.choice(len(options) + 1, rows, p=[*shares, 0.05]), [*options, DONT_KNOW]
    table = {
        name: pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values)).cast(pa.string())
        for name, (codes, values) in columns.items()
    }
    write_dataset(pa.table(table), folder / "answers.parquet")
    known = {"configuration": configuration, "most": int(np.bincount(columns["stratum"][0]).max())}
    (folder / "known.json").write_text(json.dumps(known))


def best_of_three(work: Callable[[], object]) -> float:
    """The shortest wall time of three runs, in seconds."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def peak() -> float:
    """Peak resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def scorer(folder: Path, shape: str) -> Callable[[], DomainMeans]:
    """What scores the data set of a folder: from the file to the means of all domains with their standard errors."""
    known = json.loads((folder / "known.json").read_text())
    scheme = Scheme.from_configuration(known["configuration"])
    dont_know = dict.fromkeys(scheme.points, DONT_KNOW)
    column, count, _ = SHAPES[shape]
    path, domain_of = folder / "answers.parquet", domains_of(shape)

    def score() -> DomainMeans:
        summed = sum_dataset(path, scheme, dont_know, domain_of, by=column, most=known["most"])
        sampled = np.zeros(len(summed.strata))
        np.add.at(sampled, summed.sums.stratum, summed.sums.rows)
        sample = Sample(sampled, sampled * SAMPLED_OF, np.full(len(sampled), float(SAMPLED_OF)))
        found = estimate_means(summed.sums, sample, domains=count)
        found.std_errors()
        return found

    return score


def measure(folder: Path, rows: int, shape: str) -> None:
    """Print the line of a size."""
    path = folder / "answers.parquet"
    _, count, _ = SHAPES[shape]
    score = scorer(folder, shape)
    before = peak()
    first = time.perf_counter()
    score()
    first = time.perf_counter() - first
    seconds, highest = best_of_three(score), peak()
    names = pq.read_schema(path).names
    read = best_of_three(lambda: pq.read_table(path))
    coded = best_of_three(lambda: pq.read_table(path, read_dictionary=names))
    print(
        f"{rows:>10,}  {f'{count:,} {shape}':<15}{read:7.3f}{coded:7.3f}{first:8.3f}{seconds:8.3f}"
        f"{seconds / read:8.1f}{seconds / coded:8.1f}{before:8.0f}{highest:7.0f} MiB",
        flush=True,
    )


def main(arguments: list[str]) -> None:
    """Measure the sizes asked for."""
    if arguments[:1] in (["write"], ["measure"]):
        work, folder, rows, shape = arguments
        {"write": write, "measure": measure}[work](Path(folder), int(rows), shape)
        return
    print(
        f"{'rows':>10}  {'by':<15}{'read':>7}{'coded':>7}{'first':>8}{'score':>8}{'× read':>8}{'× coded':>8}{'before':>8}{'peak':>7}"
    )
    for rows in [int(argument) for argument in arguments] or SIZES:
        for shape in SHAPES:
            with tempfile.TemporaryDirectory() as folder:
                for work in ("write", "measure"):
                    command = [sys.executable, "-m", "tests.load.scoring", work, folder, str(rows), shape]
                    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
