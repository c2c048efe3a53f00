"""The outcome codes of the AAPOR Standard Definitions, what each one means for a case, and the rates over them.

Source of codes and rates: The American Association for Public Opinion Research, *Standard Definitions: Final
Dispositions of Case Codes and Outcome Rates for Surveys*; the selection is that of ``design/fieldwork``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surveys.errors import FieldworkError

#: complete, partial, refusal, non-contact, other, unknown household, unknown other, not eligible
OUTCOME_CLASSES = ("I", "P", "R", "NC", "O", "UH", "UO", "NE")


@dataclass(frozen=True)
class Outcome:
    """One outcome code.

    ``ends_case``: a try with this outcome is the last word on the case. Where it is False the outcome is interim: the
    case is tried again, and the code becomes final only when its tries or the field period are used up.
    """

    code: str
    outcome_class: str
    ends_case: bool
    name_zh: str
    name_en: str


def _table(*rows: tuple[str, str, bool, str, str]) -> dict[str, Outcome]:
    return {row[0]: Outcome(*row) for row in rows}


_FINAL, _INTERIM = True, False

OUTCOMES: Mapping[str, Outcome] = _table(
    ("1.1", "I", _FINAL, "完成", "complete"),
    ("1.2", "P", _FINAL, "部分完成", "partial"),
    ("2.10", "R", _INTERIM, "拒访或中断", "refusal or break-off"),
    ("2.11", "R", _FINAL, "拒访", "refusal"),
    ("2.111", "R", _INTERIM, "他人代为拒访", "refusal by another person of the household"),
    ("2.112", "R", _FINAL, "本人拒访", "refusal by the respondent"),
    ("2.113", "R", _INTERIM, "未明言的拒访（挂断、打开未答）", "implicit refusal (hung up, opened and left)"),
    ("2.12", "R", _INTERIM, "中途中断", "break-off"),
    ("2.20", "NC", _INTERIM, "未接触到本人", "non-contact"),
    ("2.21", "NC", _INTERIM, "本人始终不在", "respondent never available"),
    ("2.22", "NC", _INTERIM, "留言设备，确认为本人", "machine that confirms the person"),
    ("2.25", "NC", _FINAL, "调查期内不在", "respondent away in the field period"),
    ("2.26", "NC", _FINAL, "调查期内无法参加", "respondent unavailable in the field period"),
    ("2.27", "NC", _FINAL, "逾期完成", "completed too late"),
    ("2.30", "O", _INTERIM, "其他未访", "other"),
    ("2.31", "O", _FINAL, "已去世", "deceased"),
    ("2.32", "O", _FINAL, "身体或精神原因无法受访", "physically or mentally unable"),
    ("2.33", "O", _FINAL, "语言不通", "language"),
    ("2.34", "O", _FINAL, "不识字", "literacy"),
    ("2.36", "O", _INTERIM, "其他杂项", "miscellaneous"),
    ("3.10", "UH", _INTERIM, "是否合格不明", "unknown whether the number belongs to a person"),
    ("3.11", "UH", _INTERIM, "未拨打、未发出邀请", "not attempted, no invitation sent"),
    ("3.12", "UH", _INTERIM, "一直占线", "always busy"),
    ("3.13", "UH", _INTERIM, "无人接听", "no answer"),
    ("3.14", "UH", _INTERIM, "留言设备，是否本人不明", "machine, unknown whether the person's"),
    ("3.15", "UH", _INTERIM, "被拦截", "blocked"),
    ("3.16", "UH", _INTERIM, "技术故障", "technical problem"),
    ("3.19", "UH", _INTERIM, "邀请送达，无任何回应", "invitation delivered, nothing returned"),
    ("3.20", "UO", _INTERIM, "有人接触，是否合格不明", "contact, unknown whether eligible"),
    ("3.21", "UO", _INTERIM, "未完成甄别", "no screener completed"),
    ("3.30", "UO", _INTERIM, "邀请无法送达", "invitation undeliverable"),
    ("3.90", "UO", _INTERIM, "其他不明", "other unknown"),
    ("4.10", "NE", _FINAL, "不属于调查对象（近12个月未办事）", "out of sample (not a user)"),
    ("4.20", "NE", _FINAL, "传真或数据线路", "fax or data line"),
    ("4.30", "NE", _FINAL, "号码不可用", "non-working number"),
    ("4.31", "NE", _FINAL, "空号", "number does not exist"),
    ("4.32", "NE", _FINAL, "已停机", "disconnected number"),
    ("4.33", "NE", _INTERIM, "暂停服务", "temporarily out of service"),
    ("4.41", "NE", _FINAL, "号码已更换", "number changed"),
    ("4.51", "NE", _FINAL, "抽中个人，接通为单位", "business where a person was sampled"),
    ("4.70", "NE", _FINAL, "没有合格受访者", "no eligible respondent"),
    ("4.80", "NE", _FINAL, "配额已满", "quota filled"),
    ("4.81", "NE", _FINAL, "重复个案", "duplicate"),
    ("4.90", "NE", _FINAL, "其他不合格", "other, not eligible"),
)


def find_outcome(code: str) -> Outcome:
    """The outcome of a code. Raises ``FieldworkError`` for a code that is not in the table."""
    try:
        return OUTCOMES[code]
    except KeyError:
        raise FieldworkError(
            "Outcome code %(outcome)r is not one of the AAPOR codes; use one such as 1.1, 2.11 or 3.13.",
            code="outcome-unknown",
            outcome=code,
        ) from None


@dataclass(frozen=True)
class OutcomeCounts:
    """How many released cases ended in each class.

    Every count is a whole number ≥ 0 (expected counts may be fractions).
    """

    I: float = 0  # noqa: E741 - AAPOR's letter
    P: float = 0
    R: float = 0
    NC: float = 0
    O: float = 0  # noqa: E741 - AAPOR's letter
    UH: float = 0
    UO: float = 0
    NE: float = 0

    def __post_init__(self) -> None:
        for name in OUTCOME_CLASSES:
            if not getattr(self, name) >= 0:
                raise FieldworkError(
                    "The count of class %(outcome_class)s is %(count)s; counts cannot be negative.",
                    code="outcome-count-negative",
                    outcome_class=name,
                    count=getattr(self, name),
                )

    @classmethod
    def from_codes(cls, codes: Iterable[str]) -> OutcomeCounts:
        """Count final codes, one per released case. Raises ``FieldworkError`` for an unknown code."""
        counts = dict.fromkeys(OUTCOME_CLASSES, 0)
        for code in codes:
            counts[find_outcome(code).outcome_class] += 1
        return cls(**counts)

    @classmethod
    def from_code_counts(cls, count_by_code: Mapping[str, int]) -> OutcomeCounts:
        """Add up counts per final code, as a ``GROUP BY`` returns them."""
        counts = dict.fromkeys(OUTCOME_CLASSES, 0)
        for code, count in count_by_code.items():
            counts[find_outcome(code).outcome_class] += count
        return cls(**counts)

    def __add__(self, other: OutcomeCounts) -> OutcomeCounts:
        return OutcomeCounts(**{name: getattr(self, name) + getattr(other, name) for name in OUTCOME_CLASSES})

    @property
    def eligible(self) -> float:
        """Cases known to be eligible: I + P + R + NC + O."""
        return self.I + self.P + self.R + self.NC + self.O

    @property
    def unknown(self) -> float:
        """Cases of unknown eligibility: UH + UO."""
        return self.UH + self.UO

    @property
    def total(self) -> float:
        """Everyone drawn and released."""
        return self.eligible + self.unknown + self.NE


@dataclass(frozen=True)
class Rates:
    """Outcome rates, shares 0–1; ``None`` where the denominator is 0."""

    e: float | None
    RR1: float | None
    RR2: float | None
    RR3: float | None
    RR4: float | None
    RR5: float | None
    RR6: float | None
    COOP1: float | None
    COOP2: float | None
    COOP3: float | None
    COOP4: float | None
    REF1: float | None
    REF2: float | None
    REF3: float | None
    CON1: float | None
    CON2: float | None
    CON3: float | None


def _share(top: float, bottom: float) -> float | None:
    return top / bottom if bottom > 0 else None


def rates(counts: OutcomeCounts, e: float | None = None) -> Rates:
    """Response, cooperation, refusal and contact rates of AAPOR over everyone drawn and released.

    e = (I+P+R+NC+O)/(I+P+R+NC+O+NE) estimates the share of cases of unknown eligibility that are eligible; another
    estimate may be passed (0–1). With no case of known eligibility e is ``None``, and so are the rates that need it,
    unless there is no unknown case. Every rate is ``None`` where its denominator is 0, so n = 0 gives ``None``
    throughout.
    """
    c = counts
    if e is not None and not 0 <= e <= 1:
        raise FieldworkError("e is %(e)s; the eligible share lies between 0 and 1.", code="eligible-share", e=e)
    if e is None:
        e = _share(c.eligible, c.eligible + c.NE)
    all_unknown = c.eligible + c.unknown
    some_unknown: float | None = c.eligible if c.unknown == 0 else None
    if e is not None:
        some_unknown = c.eligible + e * c.unknown
    contacts, answered = c.I + c.P + c.R + c.O, c.I + c.P

    def over_some(top: float) -> float | None:
        return None if some_unknown is None else _share(top, some_unknown)

    return Rates(
        e=e,
        RR1=_share(c.I, all_unknown),
        RR2=_share(answered, all_unknown),
        RR3=over_some(c.I),
        RR4=over_some(answered),
        RR5=_share(c.I, c.eligible),
        RR6=_share(answered, c.eligible),
        COOP1=_share(c.I, contacts),
        COOP2=_share(answered, contacts),
        COOP3=_share(c.I, answered + c.R),
        COOP4=_share(answered, answered + c.R),
        REF1=_share(c.R, all_unknown),
        REF2=over_some(c.R),
        REF3=_share(c.R, c.eligible),
        CON1=_share(contacts, all_unknown),
        CON2=over_some(contacts),
        CON3=_share(contacts, c.eligible),
    )
