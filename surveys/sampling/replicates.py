"""Releasing a drawn sample in replicates: equal random parts over all strata of a unit, in the order of the draw.

The order of the draw is random, so any run of consecutive ranks is a simple random sample of its stratum (Cochran,
*Sampling Techniques*, 3rd ed., section 2.1); a replicate is one such run in every stratum of the unit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surveys.errors import DrawError


@dataclass(frozen=True)
class ReplicatePlan:
    """Which ranks of each stratum belong to which replicate (numbered from 1).

    Attributes
    ----------
    last_ranks
        By stratum, the rank at which each replicate ends, not decreasing; a replicate without a case of the stratum
        ends where the one before ends. The last equals N_h.
    sample_replicates
        How many replicates make up the committed sample; those after it come from the reserve.
    """

    last_ranks: Mapping[str, tuple[int, ...]]
    sample_replicates: int

    @property
    def replicate_count(self) -> int:
        """How many replicates there are, those of the reserve included."""
        return max((len(ends) for ends in self.last_ranks.values()), default=0)

    def replicate_of(self, stratum: str, rank: int) -> int:
        """Return the replicate of the case with this rank (from 1); a rank outside the stratum raises DrawError."""
        ends = self._ends(stratum)
        if not 1 <= rank <= (ends[-1] if ends else 0):
            raise DrawError("Stratum %(stratum)s has no rank %(rank)s.", code="rank", stratum=stratum, rank=rank)
        return bisect_left(ends, rank) + 1

    def ranks(self, stratum: str, replicate: int) -> range:
        """Return the ranks of a stratum in a replicate, maybe none."""
        return range(self._end(stratum, replicate - 1) + 1, self._end(stratum, replicate) + 1)

    def released_counts(self, replicates: int) -> dict[str, int]:
        """Return by stratum how many cases are out with the first ``replicates``: n_h of the base weight."""
        return {stratum: self._end(stratum, replicates) for stratum in self.last_ranks}

    def _ends(self, stratum: str) -> tuple[int, ...]:
        if stratum not in self.last_ranks:
            raise DrawError("Stratum %(stratum)s is not part of this unit's replicates.", code="rank", stratum=stratum)
        return self.last_ranks[stratum]

    def _end(self, stratum: str, replicate: int) -> int:
        ends = self._ends(stratum)
        if replicate < 1 or not ends:
            return 0
        return ends[min(replicate, len(ends)) - 1]


def plan_replicates(
    sample_sizes: Mapping[str, int], count: int, frame_counts: Mapping[str, int] | None = None
) -> ReplicatePlan:
    """Return the plan that cuts one unit's sample into ``count`` replicates, its reserve into more of that size.

    The cases of the sample are dealt like cards, stratum after stratum, without starting anew at each: each replicate
    then has ⌊n_h/count⌋ or ⌈n_h/count⌉ cases of each stratum and ⌊n/count⌋ or ⌈n/count⌉ in all. The reserve goes on
    with the same sizes in turn until a stratum is used up. A stratum with n_h = 0 releases nothing, and its reserve
    makes no replicate.

    Parameters
    ----------
    sample_sizes
        n_h by stratum of one unit; the strata are dealt in the order of their names.
    count
        How many replicates the sample is cut into, at least 1. With n < count some are empty.
    frame_counts
        N_h by stratum; None if there is no reserve.

    Raises
    ------
    DrawError
        The count is below 1, or a sample exceeds its frame.
    """
    if count < 1:
        raise DrawError("A sample is cut into one replicate at least.", code="replicates")
    frame_counts = sample_sizes if frame_counts is None else frame_counts
    last_ranks: dict[str, tuple[int, ...]] = {}
    dealt = 0
    for stratum in sorted(sample_sizes):
        size, limit = sample_sizes[stratum], frame_counts.get(stratum, 0)
        if not 0 <= size <= limit:
            raise DrawError(
                "Stratum %(stratum)s: %(size)s cases cannot be drawn from %(limit)s.",
                code="sample_size",
                stratum=stratum,
                size=size,
                limit=limit,
            )
        hands = [0] * count
        for card in range(dealt, dealt + size):
            hands[card % count] += 1
        dealt += size
        last_ranks[stratum] = _ends(hands, size, limit)
    return ReplicatePlan(last_ranks, count)


def check_release(stratum: str, released: int, ranks: Iterable[int]) -> int:
    """Return how many cases are out after these ranks follow the first ``released``: a prefix of the order.

    Raises
    ------
    DrawError
        The ranks are not the very next ones in order (``code`` "out_of_order"): a case would be skipped, or released
        twice.
    """
    for rank in ranks:
        if rank != released + 1:
            raise DrawError(
                "Stratum %(stratum)s: case %(rank)s cannot be released now; case %(due)s is next in order.",
                code="out_of_order",
                stratum=stratum,
                rank=rank,
                due=released + 1,
            )
        released = rank
    return released


def _ends(hands: list[int], size: int, limit: int) -> tuple[int, ...]:
    ends: list[int] = []
    reached = 0
    for hand in hands:
        reached += hand
        ends.append(reached)
    place = 0
    while size and reached < limit:
        reached = min(limit, reached + hands[place % len(hands)])
        ends.append(reached)
        place += 1
    return tuple(ends)
