"""How often intervals hold the truth, from 10 answers to 300: python -m tests.load.coverage [ROUNDS]."""

from __future__ import annotations

import sys

from tests.surveys.estimation.simulation import simulate_coverage


def main(rounds: int = 20_000) -> None:
    """Print the coverage of 95 % intervals of a stratified mean, with its Monte-Carlo error."""
    error = (0.95 * 0.05 / rounds) ** 0.5
    print(f"95 % intervals of a stratified mean of a skewed five-point scale, {rounds} rounds, error {error:.4f}")
    for n in (10, 20, 30, 50, 100, 156, 300):
        print(f"n = {n:4d}  coverage {simulate_coverage(n, rounds, seed=2026):.4f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
