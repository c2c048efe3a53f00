"""Which answers leave their cases together, in one block; nothing here reads or writes."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.fieldwork.anonymity import choose_together

#: the least number of answers that is sealed at once, of one unit
BATCH = 10
#: the least number of answers that share what a sealed answer tells of its case
CLASS = 5
COMPLETE = "1.1"


@dataclass(frozen=True)
class Answered:
    """A finished interview on its way out of its case. ``interviewer``: who took it, ``""`` on the web and by machine."""

    case_id: int
    unit: str
    stratum: str
    channel: str
    arm: str
    outcome: str
    interviewer: str
    answers: dict[str, str]

    def classes(self) -> tuple[tuple[str, ...], ...]:
        """What a batch must have several of: of a complete interview its stratum and its place in the mode experiment."""
        if self.outcome != COMPLETE:
            return (("outcome", self.outcome),)
        return ("stratum", self.stratum), ("mode", self.arm, self.channel)


@dataclass
class Block:
    """Answers that leave together; ``interviewer`` where one took them all and the block is theirs."""

    interviewer: str
    answers: list[Answered]


def new_block() -> str:
    """A name that says nothing of what is in the block."""
    return secrets.token_hex(8)


def class_of(row: dict) -> tuple[str, str, str]:
    """What a sealed answer tells of its case, besides its channel."""
    return row["unit_code"], row["outcome"], row["stratum"]


def choose_blocks(ready: Sequence[Answered]) -> list[Block]:
    """Which answers leave now, and together with which.

    Per unit at least ten, five of each class; those of one interviewer by themselves where they suffice, so that they can be voided
    by themselves. An interviewer of whose complete interviews fewer than five would leave waits with all of them, since they are
    tallied as they leave.
    """
    waiting = list(ready)
    while True:
        blocks = _part_blocks(waiting)
        leaving = Counter(one.interviewer for block in blocks for one in block.answers if is_tallied(one))
        few = {interviewer for interviewer, count in leaving.items() if count < CLASS}
        if not few:
            return blocks
        waiting = [one for one in waiting if not (is_tallied(one) and one.interviewer in few)]


def _part_blocks(waiting: Sequence[Answered]) -> list[Block]:
    blocks = []
    for interviews in _by_unit(waiting):
        own = _choose_own(interviews)
        gone = {one.case_id for block in own for one in block.answers}
        rest = _choose_batch([one for one in interviews if one.case_id not in gone])
        blocks += own
        if rest:
            blocks.append(Block("", rest))
    return blocks


def _choose_own(interviews: Sequence[Answered]) -> list[Block]:
    """Blocks of one interviewer each, of the interviews of one unit."""
    by_interviewer: dict[str, list[Answered]] = defaultdict(list)
    for one in interviews:
        if one.interviewer:
            by_interviewer[one.interviewer].append(one)
    chosen = {interviewer: _choose_batch(own) for interviewer, own in by_interviewer.items()}
    return [Block(interviewer, batch) for interviewer, batch in chosen.items() if batch]


def choose_own_blocks(interviews: Sequence[Answered]) -> list[Block]:
    """The blocks of one interviewer each that these interviews suffice for."""
    return [block for of_unit in _by_unit(interviews) for block in _choose_own(of_unit)]


def _by_unit(interviews: Sequence[Answered]) -> list[list[Answered]]:
    units: dict[str, list[Answered]] = defaultdict(list)
    for one in interviews:
        units[one.unit].append(one)
    return list(units.values())


def _choose_batch(interviews: Sequence[Answered]) -> list[Answered]:
    """The interviews of a unit that may leave together; none where they are fewer than ten."""
    batch = [interviews[place] for place in choose_together([one.classes() for one in interviews], CLASS)]
    return batch if len(batch) >= BATCH else []


def is_tallied(one: Answered) -> bool:
    """Whether an interview is added to the sums of who took it: complete, and taken by a person."""
    return one.interviewer != "" and one.outcome == COMPLETE


class Homes:
    """Where the answers that are left over at close go: to a block that has their class already, or else to a last one of their unit.

    A block of one interviewer takes that one's answers only. Where fewer than five are left of a class that only other interviewers'
    blocks have, they mix with one of these, which is nobody's any more; where only voided blocks have the class, they are voided with
    one, since so few could be told apart by themselves.
    """

    def __init__(self, rows: Sequence[dict], interviewers: dict[str, str]) -> None:
        self.interviewers = interviewers
        self._blocks: dict[tuple[str, str, str], dict[str, bool]] = defaultdict(dict)
        for row in rows:
            self._blocks[class_of(row)][row["block"]] = row["voided"]
        self._last: dict[str, str] = defaultdict(new_block)

    def open(self, interviewer: str, rows: Sequence[dict]) -> None:
        """A new block of one interviewer's answers."""
        block = new_block()
        self.interviewers[block] = interviewer
        for row in rows:
            row["block"] = block
            self._blocks[class_of(row)][block] = False

    def find(self, one: Answered, row: dict) -> str:
        """The block that has the answer's class already and may take it: their interviewer's own, or one of nobody's; ``""`` for none."""
        standing = [block for block, voided in self._blocks[class_of(row)].items() if not voided]
        for interviewer in (one.interviewer, ""):
            for block in standing:
                if self.interviewers.get(block, "") == interviewer:
                    return block
        return ""

    def choose_unnamed(self, homeless: Mapping[tuple[str, str, str], int]) -> set[tuple[str, str, str]]:
        """The classes of partial interviews that do not tell their unit, of those of which `find` knows no block (with how many).

        Fewer than five of a unit hide among those of other units; where these are fewer than five together, the next unit's join them.
        """
        partial = {
            kind: count for kind, count in homeless.items() if kind[1] != COMPLETE and not self._blocks.get(kind)
        }
        ordered = sorted(partial, key=lambda kind: (partial[kind], kind))
        unnamed = {kind for kind in ordered if partial[kind] < CLASS}
        for kind in ordered:
            if 0 < sum(partial[one] for one in unnamed) < CLASS:
                unnamed.add(kind)
        return unnamed

    def house(self, one: Answered, row: dict, alike: int, *, unnamed: bool) -> None:
        """Give an answer its block. ``alike``: of how many of its class `find` knows none; ``unnamed``: its unit is not told."""
        row["block"] = self.find(one, row)
        if row["block"]:
            return
        others = self._blocks[class_of(row)]
        if alike < CLASS and others:
            row["block"] = min(others, key=others.get)
            row["voided"] = others[row["block"]]
            self.interviewers[row["block"]] = ""
            return
        if unnamed:
            row["unit_code"] = ""
        row["block"] = self._last[row["unit_code"]]
