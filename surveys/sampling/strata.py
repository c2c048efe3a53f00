"""Strata of the sample: unit × evaluator group × county, small ones collapsed, and the sample allocated over them.

Source: design rule 'Strata' of the life of a datum; proportional allocation, and re-allocation where a bound bites:
Cochran, *Sampling Techniques*, 3rd ed., chapter 5 (section 5.8 for strata taken whole); largest remainder: Hamilton's
apportionment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from surveys.errors import DrawError
from surveys.sampling.identifiers import require_stratum

SEPARATOR = "/"


@dataclass(frozen=True, order=True, slots=True)
class Stratum:
    """One stratum by its three codes; ``name`` is what frame lines and tickets carry."""

    unit: str
    group: str
    county: str

    def __post_init__(self) -> None:
        for code in (self.unit, self.group, self.county):
            require_stratum(code)
            if SEPARATOR in code:
                raise DrawError(
                    "The code %(group_code)r has a '/', which parts the codes of a stratum; rename it.",
                    code="bad_stratum",
                    group_code=code,
                )

    @property
    def name(self) -> str:
        """``unit/group/county``."""
        return SEPARATOR.join((self.unit, self.group, self.county))

    @classmethod
    def from_name(cls, name: str) -> Stratum:
        """Return the stratum of a name ``unit/group/county``; any other text raises DrawError."""
        codes = name.split(SEPARATOR)
        if len(codes) != 3:
            raise DrawError(
                "The stratum %(stratum)r is not written unit/group/county.", code="bad_stratum", stratum=name
            )
        return cls(*codes)


@dataclass(frozen=True, slots=True)
class Collapse:
    """One small stratum joined to its named neighbour: how large both were at that moment."""

    stratum: Stratum
    into: Stratum
    count: int
    neighbour_count: int


@dataclass(frozen=True)
class CollapsedStrata:
    """The strata after collapsing.

    Attributes
    ----------
    counts
        N_h by final stratum; they add up to the counts before.
    final_by_original
        Where each original stratum went (itself if it stayed).
    collapses
        The steps in the order they were made.
    """

    counts: Mapping[Stratum, int]
    final_by_original: Mapping[Stratum, Stratum]
    collapses: tuple[Collapse, ...]


def collapse_strata(
    counts: Mapping[Stratum, int], minimum: int, neighbours: Mapping[str, Sequence[str]] | None = None
) -> CollapsedStrata:
    """Join each stratum of fewer than ``minimum`` entries to a named neighbour of the same unit and group.

    Smallest first (ties by name). The neighbour is the first county that ``neighbours`` names for it and that still
    has a stratum; else the stratum whose county code follows, or for the last one the code before. Groups are never
    mixed, since they carry weights of their own: a unit's group that is small as a whole stays as one small stratum
    (even a lonely one, n = 1). Empty strata (count 0) are joined too. No strata give no strata.

    Parameters
    ----------
    counts
        N_h ≥ 0 by stratum.
    minimum
        The least N_h that a stratum may keep, at least 1.
    neighbours
        County codes by county code, best neighbour first.

    Raises
    ------
    DrawError
        The minimum is below 1, or a count is negative.
    """
    if minimum < 1 or any(count < 0 for count in counts.values()):
        raise DrawError("Strata need counts of at least 0 and a minimum of at least 1.", code="strata")
    final = {stratum: stratum for stratum in counts}
    merged: dict[Stratum, int] = {}
    steps: list[Collapse] = []
    for unit, group in sorted({(stratum.unit, stratum.group) for stratum in counts}):
        family = {stratum: count for stratum, count in counts.items() if (stratum.unit, stratum.group) == (unit, group)}
        steps += _collapse_family(family, minimum, neighbours or {}, final)
        merged |= family
    return CollapsedStrata(dict(sorted(merged.items())), final, tuple(steps))


def allocate(counts: Mapping[str, int], total: int, *, minimum: int = 2, take_all_up_to: int = 0) -> dict[str, int]:
    """Return n_h by stratum: proportional to N_h with a lower bound, adding up to exactly ``min(total, Σ N_h)``.

    A stratum with N_h ≤ ``take_all_up_to`` is taken whole. Every other gets at least ``min(minimum, N_h)``: those
    whose proportional share is less are fixed there and the rest is shared out again, until none falls below. Shares
    become whole numbers by the largest remainder (ties by name), in exact arithmetic. 0 ≤ n_h ≤ N_h always. A stratum
    of N_h = 1 gives n_h = 1, one of 0 gives 0.

    Raises
    ------
    DrawError
        A count is negative, or ``total`` is less than what the bounds ask for (``code`` "allocation";
        ``details["needed"]`` says how many).
    """
    if total < 0 or minimum < 0 or any(count < 0 for count in counts.values()):
        raise DrawError("An allocation needs counts, minimum and total of at least 0.", code="allocation")
    total = min(total, sum(counts.values()))
    fixed = {name: count for name, count in counts.items() if count <= take_all_up_to}
    floor = {name: min(minimum, count) for name, count in counts.items() if name not in fixed}
    needed = sum(fixed.values()) + sum(floor.values())
    if total < needed:
        raise DrawError(
            "A sample of %(total)s is too small: the strata's bounds need %(needed)s; enlarge it or collapse strata.",
            code="allocation",
            needed=needed,
            total=total,
        )
    shares = _proportional_shares(counts, total, fixed, floor)
    return _largest_remainder(counts, shares, total)


def _collapse_family(
    family: dict[Stratum, int], minimum: int, neighbours: Mapping[str, Sequence[str]], final: dict[Stratum, Stratum]
) -> list[Collapse]:
    steps = []
    while len(family) > 1:
        count, smallest = min((count, stratum) for stratum, count in family.items())
        if count >= minimum:
            break
        into = _neighbour(smallest, sorted(family), neighbours)
        steps.append(Collapse(smallest, into, count, family[into]))
        family[into] += family.pop(smallest)
        for original, target in final.items():
            if target == smallest:
                final[original] = into
    return steps


def _neighbour(stratum: Stratum, family: list[Stratum], neighbours: Mapping[str, Sequence[str]]) -> Stratum:
    by_county = {other.county: other for other in family if other != stratum}
    for county in neighbours.get(stratum.county, ()):
        if county in by_county:
            return by_county[county]
    place = family.index(stratum)
    return family[place + 1] if place + 1 < len(family) else family[place - 1]


def _proportional_shares(
    counts: Mapping[str, int], total: int, fixed: Mapping[str, int], floor: Mapping[str, int]
) -> dict[str, Fraction]:
    """Return exact shares: the fixed ones, and the rest in proportion to N_h with nobody below its floor."""
    shares = {name: Fraction(size) for name, size in fixed.items()}
    free = {name for name in floor if counts[name]}
    shares |= {name: Fraction(0) for name in floor if not counts[name]}
    while free:
        rate = (total - sum(shares.values())) / sum(counts[name] for name in free)
        low = {name for name in free if rate * counts[name] < floor[name]}
        if not low:
            shares |= {name: rate * counts[name] for name in free}
            break
        shares |= {name: Fraction(floor[name]) for name in low}
        free -= low
    return shares


def _largest_remainder(counts: Mapping[str, int], shares: Mapping[str, Fraction], total: int) -> dict[str, int]:
    sizes = {name: int(shares[name]) for name in counts}
    by_remainder = sorted(counts, key=lambda name: (sizes[name] - shares[name], name))
    for name in by_remainder[: total - sum(sizes.values())]:
        sizes[name] += 1
    return sizes
