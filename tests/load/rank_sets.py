"""How often the rank sets hold all true ranks at once: python -m tests.load.rank_sets [ROUNDS].

Every round draws the scores of the units normally around true ones, with standard errors from 1.5 to 3 points of 100,
and makes the sets at 95 %. The true scores are distant (3 points apart), close (0.1 points apart) or tied, which is the
hardest: a unit then has every rank of the tie, and no pair may be told apart. Errors are known, which is what theory
speaks of, or estimated from 150 answers a unit, which is what a round has.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from tests.surveys.scoring.simulation import simulate_rank_coverage

UNITS = (10, 36, 72)
GAPS = {"distant": 3.0, "close": 0.1, "tied": 0.0}
ANSWERS = {"known": None, "estimated": 150}
LEVEL = 0.95


def main(rounds: int = 500) -> None:
    """Print the coverage of each case."""
    error = (LEVEL * (1 - LEVEL) / rounds) ** 0.5
    least = LEVEL - 2 * error
    print(f"rank sets at {LEVEL:.0%}, {rounds} rounds each, Monte-Carlo error {error:.4f}")
    print(
        f"{'units':>6}  {'true scores':<12}{'errors':<12}{'coverage':>8}  at least {LEVEL:.0%} less two errors ({least:.4f})"
    )
    started = time.perf_counter()
    cases = list(product(UNITS, GAPS, ANSWERS))
    with ProcessPoolExecutor() as pool:
        # the longest cases first
        waiting = {
            (units, gap, answers): pool.submit(simulate_rank_coverage, units, GAPS[gap], rounds, 2026, ANSWERS[answers])
            for units, gap, answers in sorted(cases, reverse=True)
        }
        shares = {case: waiting[case].result() for case in cases}
    for (units, gap, answers), share in shares.items():
        print(f"{units:>6}  {gap:<12}{answers:<12}{share:8.4f}  {'yes' if share >= least else 'no'}")
    print(f"in every case at least {LEVEL:.0%} less two errors: {'yes' if min(shares.values()) >= least else 'no'}")
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
