"""Our scoring beside the bare read, svy and R's survey, on the same files: python -m tests.load.peers [ROWS …].

Each figure comes from a process of its own: the best of three runs in seconds (of fewer where they take over 20 s
together), and the peak memory of the whole process in MiB. What is timed is everything from the frozen file to the means of
9 indicators in every domain with their standard errors; ours has their covariances too. R is handed numbers that were read
before. A process is ended after ``LIMIT`` seconds or above ``MEMORY`` MiB; a peer that met a limit or failed is not tried
on a larger file. "Differs" is the greatest difference from ours in a mean or a standard error, in points of 100.

svy is used where ./dev bench has put it (.venv-bench), R where the environment says BENCH_R=1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from surveys.scoring import Scheme
from tests.load.scoring import SAMPLED_OF, SHAPES, SIZES, best_of_three, domains_of, scorer, write

LIMIT = 120
MEMORY = 8192
ROOT = Path(__file__).parents[2]
OTHERS = Path(__file__).parent / "others"
SVY = ROOT / ".venv-bench" / "bin" / "python"
MISSING = np.iinfo(np.int32).min  # R's NA


@dataclass(frozen=True)
class Figure:
    """What a process took in seconds and MiB; or, instead, why it has no figure."""

    seconds: float = np.nan
    peak: float = np.nan
    instead: str = ""


def run(command: list[str | Path]) -> Figure:
    """Run a measurement; it prints its figure as JSON in its last line, and what went wrong is passed on."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err, cwd=ROOT)
        started = time.monotonic()
        try:
            while process.poll() is None:
                if time.monotonic() - started > LIMIT:
                    return Figure(instead=f"over {LIMIT} s")
                if resident(process.pid) > MEMORY:
                    return Figure(instead=f"over {MEMORY:,} MiB")
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
        out.seek(0), err.seek(0)
        if process.returncode:
            print(f"{' '.join(process.args)}:\n{err.read().decode(errors='replace')}", file=sys.stderr, flush=True)
            return Figure(instead="failed")
        return Figure(**json.loads(out.read().splitlines()[-1]))


def resident(pid: int) -> float:
    """Resident memory of a process now, in MiB; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
    except (OSError, IndexError):
        return 0.0


# ── what runs in a process of its own ────────────────────────────────────────────────────────────────────────────────────


def hand_over(folder: Path, rows: int, shape: str) -> None:
    """Write the data set, and what the others have to know of it: codes and points for svy, plain numbers for R."""
    write(folder, rows, shape)
    scheme = Scheme.from_configuration(json.loads((folder / "known.json").read_text())["configuration"])
    by, _, _ = SHAPES[shape]
    points = {one.code: {key: p / 100 for key, p in scheme.points[one.scale].items()} for one in scheme.indicators}
    task = {"by": by, "domain_of": domains_of(shape), "points": points, "sampled_of": SAMPLED_OF}
    (folder / "task.json").write_text(json.dumps(task))
    if not with_r():
        return
    answers = pq.read_table(folder / "answers.parquet", read_dictionary=[by, "stratum", *points])
    answers = answers.filter(pc.equal(answers["outcome"].cast("string"), "1.1")).unify_dictionaries()

    def numbers(column: str, number_of: dict[str, float], missing: int = MISSING) -> np.ndarray:
        codes = answers[column].combine_chunks()
        known = [number_of.get(code, missing) for code in codes.dictionary.to_pylist()]
        return np.array(known, np.int32)[np.asarray(codes.indices)]

    strata = {code: place for place, code in enumerate(sorted(set(answers["stratum"].to_pylist())))}
    columns = {"stratum": numbers("stratum", strata), "domain": numbers(by, task["domain_of"])}
    columns["population"] = (np.bincount(columns["stratum"]) * SAMPLED_OF)[columns["stratum"]].astype(np.int32)
    for one in scheme.indicators:
        columns[one.code] = numbers(one.code, scheme.points[one.scale])
    for name, column in columns.items():
        column.tofile(folder / f"{name}.bin")


def measure(what: str, folder: Path, shape: str) -> None:
    """Print the figure of the bare read or of our scoring, whose estimates are kept as ``ours.csv``."""
    path = folder / "answers.parquet"
    if what == "read":
        seconds = best_of_three(lambda: pq.read_table(path))
    else:
        score = scorer(folder, shape)
        seconds = best_of_three(score)
        found = score()
        codes = json.loads((folder / "task.json").read_text())["points"]
        means, errors = np.asarray(found.means), found.std_errors()
        with (folder / "ours.csv").open("w") as lines:
            for (domain, j), mean in np.ndenumerate(means):
                print(list(codes)[j], domain, repr(float(mean)), repr(float(errors[domain, j])), sep=",", file=lines)
    kilobytes = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
    print(json.dumps({"seconds": seconds, "peak": int(kilobytes) / 1024}))


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def with_r() -> bool:
    """Whether R was asked for."""
    return os.environ.get("BENCH_R") == "1"


def estimates_in(path: Path) -> dict[tuple[str, str], np.ndarray]:
    """Indicator and domain → mean and standard error."""
    rows = (line.split(",") for line in path.read_text().splitlines())
    return {(code, domain): np.array([mean, error], float) for code, domain, mean, error in rows}


def difference(folder: Path, peer: str) -> float:
    """The greatest difference of a mean or standard error from ours; domains without an answer are left out."""
    ours, theirs = estimates_in(folder / "ours.csv"), estimates_in(folder / f"{peer}.csv")
    if absent := [key for key, found in ours.items() if np.isfinite(found).all() and key not in theirs]:
        sys.exit(f"{peer} has no estimate of {absent[:5]}")
    return max(float(np.abs(found - ours[key]).max()) for key, found in theirs.items() if np.isfinite(found).all())


def main(arguments: list[str]) -> None:
    """Print a line for each size and shape."""
    if arguments[:1] == ["hand_over"]:
        hand_over(Path(arguments[1]), int(arguments[2]), arguments[3])
        return
    if arguments[:1] in (["read"], ["ours"]):
        measure(arguments[0], Path(arguments[1]), arguments[2])
        return
    peers = ["svy"] * SVY.exists() + ["R"] * with_r()
    if "svy" not in peers:
        print("svy is left out: ./dev bench peers installs it")
    if "R" not in peers:
        print("R is left out: ./dev bench R=1 peers measures it too")
    columns = "".join(f"{name:>12}{'MiB':>7}" for name in ("read", "ours", *peers))
    ratios = f"{'ours/read':>11}" + "".join(f"{f'{peer}/ours':>10}{'differs':>9}" for peer in peers)
    print(f"{'rows':>10}  {'by':<15}{columns}{ratios}", flush=True)
    given_up: set[tuple[str, str]] = set()
    for rows in [int(argument) for argument in arguments] or SIZES:
        for shape in SHAPES:
            print(line_of(rows, shape, peers, given_up), flush=True)


def line_of(rows: int, shape: str, peers: list[str], given_up: set[tuple[str, str]]) -> str:
    """Measure a size; a peer that meets a limit is added to ``given_up`` with the shape."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        module = [sys.executable, "-m", "tests.load.peers"]
        subprocess.run([*module, "hand_over", folder, str(rows), shape], check=True, cwd=ROOT)
        indicators = json.loads((folder / "task.json").read_text())["points"]
        commands = {
            "svy": [SVY, OTHERS / "with_svy.py", folder],
            "R": ["Rscript", "--vanilla", OTHERS / "with_survey.R", folder, *indicators],
        }
        found = {what: run([*module, what, folder, shape]) for what in ("read", "ours")}
        if instead := found["read"].instead or found["ours"].instead:
            sys.exit(f"our own measurement of {rows:,} rows by {shape}: {instead}")
        ratios = f"{found['ours'].seconds / found['read'].seconds:11.1f}"
        for peer in peers:
            if (peer, shape) in given_up:
                found[peer] = Figure(instead="not tried")
            else:
                found[peer] = run(commands[peer])
            if found[peer].instead:
                given_up.add((peer, shape))
                ratios += f"{'':19}"
            else:
                ratios += f"{found[peer].seconds / found['ours'].seconds:10.1f}{difference(folder, peer):9.0e}"
    columns = "".join(
        f"{f.instead or format(f.seconds, '.3f'):>12}{'' if f.instead else format(f.peak, '.0f'):>7}"
        for f in found.values()
    )
    return f"{rows:>10,}  {f'{SHAPES[shape][1]:,} {shape}':<15}{columns}{ratios}"


if __name__ == "__main__":
    main(sys.argv[1:])
