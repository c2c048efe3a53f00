"""A scheme: everything about scoring that a programme decides (points, weights, gates, grades), checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from surveys.errors import Phrase, ScoringError
from surveys.scoring.figures import as_decimal

#: preset → option value → points of a five-point satisfaction scale, best (1) to worst (5)
SATISFACTION_PRESETS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "CN5": {"1": 100, "2": 80, "3": 60, "4": 30, "5": 0},
        "LIN5": {"1": 100, "2": 75, "3": 50, "4": 25, "5": 0},
        "SD2008": {"1": 100, "2": 100, "3": 75, "4": 55, "5": 55},
        "TOP": {"1": 100, "2": 0, "3": 0, "4": 0, "5": 0},
    }
)

_SUM_TOLERANCE = Decimal("1e-9")


@dataclass(frozen=True)
class Indicator:
    """What is asked and scored, or (auxiliary, weight 0) asked and reported."""

    code: str
    weight: Decimal
    scale: str

    @property
    def is_scored(self) -> bool:
        """Whether it enters the score."""
        return self.weight > 0


@dataclass(frozen=True)
class HotlineWeights:
    """Weights of the hotline's three rates, and how many orders the category's rate weighs (k)."""

    response: Decimal
    resolution: Decimal
    satisfaction: Decimal
    shrinkage_k: Decimal


@dataclass(frozen=True)
class AnnualWeights:
    """How the rounds of a year weigh for one kind of unit."""

    mid_year: Decimal
    year_end: Decimal


@dataclass(frozen=True)
class Gates:
    """From how many answers and at what reliability something is shown."""

    nothing_below: int = 10
    internal_below: int = 30
    grade_from: int = 100
    reliability_from: Decimal = Decimal("0.7")


@dataclass(frozen=True)
class Grade:
    """A grade and the lowest score that earns it."""

    code: str
    at_least: Decimal


@dataclass(frozen=True)
class Rounding:
    """Published decimals."""

    scores: int = 2
    errors: int = 3
    shares: int = 4


@dataclass(frozen=True)
class Scheme:
    """A programme's scoring decisions.

    ``points``: scale → option value → points in hundredths (0–10 000), only for options that count in a mean.
    ``satisfied``: scale → option values that count in the satisfied share (满意率).
    ``presets``: preset → (scale, option value → points in hundredths), for the sensitivity table.
    """

    indicators: tuple[Indicator, ...]
    points: Mapping[str, Mapping[str, int]]
    satisfied: Mapping[str, frozenset[str]]
    groups: Mapping[str, Decimal]
    survey_weight: Decimal
    hotline_weight: Decimal
    hotline: HotlineWeights
    annual_key: AnnualWeights
    annual_other: AnnualWeights
    grades: tuple[Grade, ...]
    gates: Gates = Gates()
    adjustment_cap: Decimal = Decimal(5)
    approvers: int = 2
    rounding: Rounding = Rounding()
    confidence_level: Decimal = Decimal("0.95")
    presets: Mapping[str, tuple[str, Mapping[str, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def from_configuration(cls, document: Mapping) -> Scheme:
        """Read the scheme from a configuration document (format ``evalsys-programme-1``).

        Raises ``ScoringError`` that names the part which is missing, out of range or does not sum to 1.
        """
        try:
            return _read(document)
        except KeyError as missing:
            raise ScoringError(
                "The configuration has no %(part)r; add it to the scoring part.",
                code="scheme-incomplete",
                part=str(missing.args[0]),
            ) from None

    @property
    def indicator_codes(self) -> tuple[str, ...]:
        """All indicators in their order, auxiliary ones too."""
        return tuple(indicator.code for indicator in self.indicators)

    @property
    def group_codes(self) -> tuple[str, ...]:
        """All evaluator groups in their order."""
        return tuple(self.groups)

    def points_of(self, indicator: str, value: str) -> int | None:
        """Points of an answer in hundredths; ``None`` for don't know, a refusal, or a value the scale does not rate."""
        scale = next(part.scale for part in self.indicators if part.code == indicator)
        return self.points[scale].get(value)

    def annual_weights(self, is_key: bool) -> AnnualWeights:
        """How the rounds weigh for a key unit or another one."""
        return self.annual_key if is_key else self.annual_other

    def with_preset(self, code: str) -> Scheme:
        """The same scheme with the points of a preset; the preset's own scale only. Raises for an unknown preset."""
        if code not in self.presets:
            known = ", ".join(self.presets) or Phrase("none")
            raise ScoringError(
                "There is no preset %(preset)r; there are %(known)s.",
                code="preset-unknown",
                preset=code,
                known=known,
            )
        scale, points = self.presets[code]
        return replace(self, points={**self.points, scale: points})


def hundredths(points: float | int | str | Decimal, where: Phrase | str) -> int:
    """Points as an exact integer of hundredths. Raises for more than two decimals or outside 0–100."""
    scaled = as_decimal(points) * 100
    if scaled != scaled.to_integral_value() or not 0 <= scaled <= 10_000:
        raise ScoringError(
            "%(where)s: %(points)s points; points lie between 0 and 100 with at most two decimals.",
            code="points",
            where=where,
            points=str(points),
        )
    return int(scaled)


def _read(document: Mapping) -> Scheme:
    scoring = document["scoring"]
    scales = {scale["code"]: scale["options"] for scale in document["scales"]}
    return Scheme(
        indicators=tuple(
            Indicator(entry["code"], as_decimal(entry["weight"]), entry["scale"]) for entry in document["indicators"]
        ),
        points={code: _rated_points(code, options) for code, options in scales.items()},
        satisfied={
            code: frozenset(option["value"] for option in options if option["satisfied"])
            for code, options in scales.items()
        },
        groups={entry["code"]: as_decimal(entry["weight"]) for entry in document["groups"]},
        survey_weight=as_decimal(scoring["methods"]["survey"]),
        hotline_weight=as_decimal(scoring["methods"]["hotline"]),
        hotline=HotlineWeights(
            *(as_decimal(scoring["hotline"][key]) for key in ("response", "resolution", "satisfaction", "shrinkage_k"))
        ),
        annual_key=_annual(scoring["annual"]["key"]),
        annual_other=_annual(scoring["annual"]["other"]),
        grades=tuple(Grade(entry["code"], as_decimal(entry["at_least"])) for entry in document["grades"]),
        gates=Gates(
            *(int(scoring["gates"][key]) for key in ("nothing_below", "internal_below", "grade_from")),
            as_decimal(scoring["gates"]["reliability_from"]),
        ),
        adjustment_cap=as_decimal(scoring["adjustment"]["cap"]),
        approvers=int(scoring["adjustment"]["approvers"]),
        rounding=Rounding(*(int(scoring["rounding"][key]) for key in ("scores", "errors", "shares"))),
        confidence_level=as_decimal(scoring["confidence_level"]),
        presets={
            entry["code"]: (
                entry["scale"],
                {
                    value: hundredths(
                        points, Phrase("preset %(preset)s, option %(option)s", preset=entry["code"], option=value)
                    )
                    for value, points in entry["points"].items()
                },
            )
            for entry in scoring.get("presets", ())
        },
    )


def _rated_points(scale: str, options: Sequence[Mapping]) -> dict[str, int]:
    return {
        option["value"]: hundredths(
            option["points"], Phrase("scale %(scale)s, option %(option)s", scale=scale, option=option["value"])
        )
        for option in options
        if option["kind"] == "rated"
    }


def _annual(entry: Mapping) -> AnnualWeights:
    return AnnualWeights(as_decimal(entry["mid_year"]), as_decimal(entry["year_end"]))


def _check(scheme: Scheme) -> None:
    codes = [part.code for part in scheme.indicators]
    if len(set(codes)) < len(codes):
        raise ScoringError("An indicator stands twice among %(known)s.", code="indicator-twice", known=", ".join(codes))
    _check_weights(Phrase("indicators"), {part.code: part.weight for part in scheme.indicators})
    _check_weights(Phrase("groups"), scheme.groups)
    _check_weights(Phrase("methods"), {"survey": scheme.survey_weight, "hotline": scheme.hotline_weight})
    hotline = scheme.hotline
    _check_weights(
        Phrase("hotline rates"),
        {"response": hotline.response, "resolution": hotline.resolution, "satisfaction": hotline.satisfaction},
    )
    key, other = Phrase("rounds (key units)"), Phrase("rounds (other units)")
    for what, weights in ((key, scheme.annual_key), (other, scheme.annual_other)):
        _check_weights(what, {"mid_year": weights.mid_year, "year_end": weights.year_end})
    _check_scales(scheme)
    _check_gates(scheme)


def _check_weights(what: Phrase, weights: Mapping[str, Decimal]) -> None:
    for name, weight in weights.items():
        if not (weight.is_finite() and 0 <= weight <= 1):
            raise ScoringError(
                "The weight of %(name)s in %(what)s is %(weight)s; a weight lies between 0 and 1.",
                code="weight-range",
                what=what,
                name=name,
                weight=weight,
            )
    total = sum(weights.values(), Decimal(0))
    if abs(total - 1) > _SUM_TOLERANCE:
        raise ScoringError(
            "The weights of the %(what)s sum to %(sum)s; they must sum to 1.",
            code="weights-sum",
            what=what,
            total=str(total),
            sum=f"{total.normalize():f}",
        )


def _check_scales(scheme: Scheme) -> None:
    for part in scheme.indicators:
        if not scheme.points.get(part.scale):
            raise ScoringError(
                "Indicator %(indicator)s uses scale %(scale)r, which has no rated option.",
                code="scale-unrated",
                indicator=part.code,
                scale=part.scale,
            )
    for code, (scale, points) in scheme.presets.items():
        if set(points) != set(scheme.points.get(scale, ())):
            raise ScoringError(
                "Preset %(preset)s must give points for exactly the rated options of scale %(scale)r.",
                code="preset-options",
                preset=code,
                scale=scale,
            )


def _check_gates(scheme: Scheme) -> None:
    gates, limits = scheme.gates, [grade.at_least for grade in scheme.grades]
    if not 0 <= gates.nothing_below <= gates.internal_below <= gates.grade_from:
        raise ScoringError(
            "The gates %(nothing_below)s, %(internal_below)s, %(grade_from)s must rise from 0.",
            code="gates-order",
            nothing_below=gates.nothing_below,
            internal_below=gates.internal_below,
            grade_from=gates.grade_from,
        )
    if not 0 <= gates.reliability_from <= 1 or not 0 < scheme.confidence_level < 1:
        raise ScoringError("Reliability gate and confidence level lie between 0 and 1.", code="gates-range")
    if not limits or limits[-1] != 0 or any(low >= high for high, low in zip(limits, limits[1:], strict=False)):
        raise ScoringError(
            "Grades must stand from best to worst with falling lower limits, the last one 0.", code="grades-order"
        )
    if scheme.hotline.shrinkage_k < 0 or scheme.adjustment_cap < 0 or scheme.approvers < 1:
        raise ScoringError(
            "The hotline's k and the adjustment cap cannot be negative, and at least one approver is needed.",
            code="scheme-range",
        )
