"""Which answers may leave their cases together, and how much of what is known of the case they may take along.

Whoever has both sides, the cases and the answers cut off from them, can join them by whatever both still tell: stratum, mode,
random arm. So that nobody finds fewer than ``least`` answers for a case, each combination that the answers carry is shared by
so many of them, or it is not carried (k-anonymity: L. Sweeney 2002, *International Journal of Uncertainty, Fuzziness and
Knowledge-Based Systems* 10(5), 557-570, with whole values suppressed).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


def choose_together(classes: Sequence[Sequence[Hashable]], least: int) -> list[int]:
    """The largest set of answers in which each class of each answer is shared by at least ``least``; their positions, ascending.

    classes : of each answer, the classes that it belongs to (its stratum, its arm and mode, …), different kinds under
    different names. The set is unique, since the union of two such sets is one again; taking out what stands alone until
    nothing does finds it.
    """
    chosen = list(range(len(classes)))
    while True:
        sizes = Counter(one for position in chosen for one in set(classes[position]))
        kept = [position for position in chosen if all(sizes[one] >= least for one in classes[position])]
        if len(kept) == len(chosen):
            return kept
        chosen = kept


def hide_rare(values: Sequence[tuple[Hashable, str]], least: int) -> list[str]:
    """Per answer its value (say the mode), or ``""`` for a whole class in which some value is shared by fewer than ``least``.

    values : per answer its class and its value. A single rare value is never blanked alone: the blank would tell it.
    """
    sizes = Counter(values)
    mixed = {one for (one, _), size in sizes.items() if size < least}
    return ["" if one in mixed else value for one, value in values]
