"""The made-up people of the example city and their telephone numbers.

Every number lies in 1740 0–5, a range of satellite telephones: valid mobile numbers by the numbering plan, carried by
hardly anybody, so that a demo connected to a real provider by mistake does not ring in a city's pockets.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

FIRST_NUMBER = 17_400_000_000
NUMBERS = 6_000_000
STAFF_PER_UNIT = 40
REPRESENTATIVES = 60


@dataclass(frozen=True)
class People:
    """Who can stand in the records: a pool per unit, and one pool of people who turn up at several units.

    A person is a whole number; ``phones`` maps it one-to-one to a number. Both rounds of a year draw from the same
    pools, so the same person can be met in both.
    """

    seed: int
    units: int
    pool_size: int

    def __post_init__(self) -> None:
        if self.total > NUMBERS:
            raise ValueError(
                f"{self.units} units with {self.pool_size} people each need {self.total} numbers; there are {NUMBERS}. "
                "Ask for fewer records per unit."
            )

    @property
    def shared(self) -> int:
        """How many people turn up at several units."""
        return max(1, self.pool_size // 4)

    @property
    def total(self) -> int:
        """How many numbers may be used at most."""
        return self.shared + self.units * (self.pool_size + STAFF_PER_UNIT + REPRESENTATIVES)

    def _first_of(self, unit: int) -> int:
        return self.shared + unit * (self.pool_size + STAFF_PER_UNIT + REPRESENTATIVES)

    def draw_customers(self, unit: int, count: int, shared_share: float, generator: np.random.Generator) -> np.ndarray:
        """``(count,)`` people who came to a unit, some more than once, ``shared_share`` from the common pool."""
        own = self._first_of(unit) + generator.integers(0, self.pool_size, count)
        shared = generator.integers(0, self.shared, count)
        return np.where(generator.random(count) < shared_share, shared, own)

    def representatives(self, unit: int) -> np.ndarray:
        """The people on a unit's list of representatives."""
        return self._first_of(unit) + self.pool_size + np.arange(REPRESENTATIVES)

    def staff(self, unit: int) -> np.ndarray:
        """A unit's own staff, who must not rate it."""
        return self._first_of(unit) + self.pool_size + REPRESENTATIVES + np.arange(STAFF_PER_UNIT)

    def phones(self, people: np.ndarray) -> np.ndarray:
        """The people's numbers, eleven digits each, as whole numbers; different people have different numbers."""
        # x -> a x + b mod m is one-to-one where a and m share no factor.
        step = 2_654_435 + 2 * (self.seed % 1_000)
        while gcd(step, NUMBERS) > 1:
            step += 1
        return FIRST_NUMBER + (people * step + self.seed * 7_919) % NUMBERS
