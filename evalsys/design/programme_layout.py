"""Which files a programme's folder has, and what stands in each of them."""

from __future__ import annotations

from collections.abc import Mapping

from evalsys.design.programme_schema import (
    BILINGUAL,
    SHARE,
    WORDING,
    Condition,
    Day,
    Fields,
    Hour,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Optional,
    Text,
    YesNo,
    code,
)

FORMAT = "evalsys-programme-1"
LANGUAGES = ("zh", "en")
MESSAGES = ("complete", "ineligible", "refused", "opted_out", "closed", "not_now", "no_key", "wrong_key", "menu")
#: text messages besides the invitation
MORE_TEXTS = ("reminder_1", "reminder_2", "thanks", "identity", "unclear", "goodbye")
#: said only where the key that they belong to is given
KEY_MESSAGES = (
    "choose_language",
    "offer_later",
    "call_later",
    "offer_interviewer",
    "interviewer",
    "no_interviewer",
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEIGHTS_BY_ROUND = Fields({"mid_year": SHARE, "year_end": SHARE})

PROGRAMME = Fields(
    {
        "code": code(),
        "year": Number(2000, 2999, whole=True),
        "time_zone": Text(60),
        "language": OneOf(LANGUAGES),
        "contacts_destroyed_on": Day(),
        "name": BILINGUAL,
        "banner": BILINGUAL,
        "sponsor": BILINGUAL,
        "conductor": BILINGUAL,
    }
)
ROUND = Fields(
    {
        "code": code(),
        "kind": OneOf(("mid_year", "year_end")),
        "covers": OneOf(("key", "all")),
        "period_from": Day(),
        "period_until": Day(),
        "field_from": Day(),
        "field_until": Day(),
        "name": BILINGUAL,
    }
)
QUESTION = Fields(
    {
        "code": code(20),
        "kind": OneOf(("scale", "yes_no", "text", "multiple", "number", "date")),
        "role": OneOf(("screener", "indicator", "probe", "comment")),
        "scale": Optional(code(20, empty=True), ""),
        "channels": Optional(ListOf(OneOf(("web", "sms", "voice", "interviewer", "paper"))), []),
        "longest": Optional(Number(1, 4000, whole=True), 500),
        "at_least": Optional(Number(1, 8, whole=True), None),
        "at_most": Optional(Number(1, 8, whole=True), None),
        "minimum": Optional(Number(0, 999_999_999), None),
        "maximum": Optional(Number(0, 999_999_999), None),
        "decimals": Optional(Number(0, 6, whole=True), None),
        "not_before": Optional(Day(), None),
        "not_after": Optional(Day(), None),
        "recording": Optional(BILINGUAL, None),
        "wording": WORDING,
    }
)
#: what stands at the head of the printed form
FORM = Fields(
    {
        "number": Optional(Text(40), ""),
        "authority": Optional(BILINGUAL, None),
        "approval": Optional(Text(80), ""),
        "valid_until": Optional(Day(), None),
    }
)
RULE = Fields({"after": code(20), "goto": code(20), "when": Condition()})
#: questions that follow one another and are shuffled for each case, or shown as one matrix
BLOCK = Fields(
    {
        "questions": ListOf(code(20), least=2),
        "shuffled": Optional(YesNo(), False),
        "matrix": Optional(YesNo(), False),
    }
)
QUESTIONNAIRE = Fields(
    {
        "order": ListOf(code(20), least=1),
        "screener": code(20),
        "eligible_values": ListOf(Text(40), least=1),
        "complete_at_least": Number(1, whole=True),
        "partial_at_least": Number(1, whole=True),
        "repeat_key": OneOf(("0", "9")),
        "back_key": OneOf(("0", "9")),
        "language_key": Optional(OneOf((*"45678", "*", "#")), ""),
        "later_key": Optional(OneOf(("*", "#")), ""),
        "interviewer_key": Optional(OneOf(("*", "#")), ""),
        "consent": Fields({"scale": code(20), "recording": Optional(BILINGUAL, None), "wording": WORDING}),
        "questions": ListOf(QUESTION),
        "routing": Optional(ListOf(RULE), []),
        "blocks": Optional(ListOf(BLOCK), []),
        "longest_minutes": Optional(MapOf(Number(0.1, 600), ("web", "sms", "voice", "interviewer", "paper")), None),
        "form": Optional(FORM, None),
        "messages": MapOf(WORDING, (*MESSAGES, *KEY_MESSAGES), required=MESSAGES),
    }
)
SPAN = {"from": Hour(), "to": Hour()}
CALLING_HOURS = ListOf(Fields(SPAN), least=1)
FIELDWORK = Fields(
    {
        "mode_sequence": ListOf(OneOf(("sms", "phone")), least=1),
        "random_arm_share": SHARE,
        "quota": Number(1, 1_000_000, whole=True),
        "replicate_size": Number(1, 1_000_000, whole=True),
        "next_replicate_final_share": SHARE,
        "expected_response_share": Number(0.01, 1),
        "max_tries": Number(1, 50, whole=True),
        "tries_per_day": Number(1, 10, whole=True),
        "appointment_early_minutes": Number(0, 240, whole=True),
        "phone_after_sms_hours": Number(0, 10_000),
        "contact_cap_per_year": Number(1, 100, whole=True),
        "calls_per_second": Number(0.01, 1_000),
        "calls_per_second_per_number": Optional(Number(0.01, 1_000), None),
        "concurrent_calls": Number(1, 100_000, whole=True),
        "quality_hold_hours": Number(0, 72),
        "caller_ids": ListOf(Text(20), least=1),
        "speech_rate": Optional(Number(20, 200, whole=True), None),
        "speech_voice": Optional(BILINGUAL, None),
        "machine_detection": Optional(OneOf(("off", "on", "async")), "on"),
        "calls_by": Optional(OneOf(("machine", "interviewers", "both")), "machine"),
        "cost_per_minute": Optional(Number(), None),
        "cost_per_message": Optional(Number(), None),
        "budget": Optional(Number(0.01), None),
        "planned_deviation": Optional(Number(0.01, 50), None),
        "holidays": Optional(ListOf(Day()), []),
        "calling_hours": CALLING_HOURS,
        "area_hours": Optional(
            ListOf(
                Fields(
                    {"county": code(12), "calling_hours": CALLING_HOURS, "holidays": Optional(ListOf(Day()), [])},
                )
            ),
            [],
        ),
        "slots": ListOf(Fields({"code": code(), "days": ListOf(OneOf(DAYS), least=1), **SPAN}), least=1),
        "delays_minutes": Fields(
            {name: Number(0) for name in ("busy", "no_answer", "machine", "soft_refusal", "technical")}
        ),
        "sms": Fields(
            {
                "stop_words": ListOf(Text(40), least=1),
                "text": BILINGUAL,
                "reminder_days": Optional(ListOf(Number(0.5, 60)), []),
                "two_way": Optional(YesNo(csv=False), False),
                **{name: Optional(BILINGUAL, None) for name in MORE_TEXTS},
            }
        ),
        "web": Optional(
            Fields({"layout": Optional(OneOf(("paged", "single")), "paged"), "review": Optional(YesNo(), False)}), None
        ),
        "interviewers": Optional(Fields({"number": Text(20), "hours": Optional(CALLING_HOURS, None)}), None),
        "call_centre": Optional(Fields({"outcomes": MapOf(Text(6))}), None),
        "quality": Optional(Fields({"recontact_share": Optional(SHARE, 0.1)}), None),
    }
)
SCORING = Fields(
    {
        "confidence_level": Number(0.5, 0.999),
        "lonely": OneOf(("adjust", "average", "certainty", "fail")),
        "methods": Fields({"survey": SHARE, "hotline": SHARE}),
        "hotline": Fields({"response": SHARE, "resolution": SHARE, "satisfaction": SHARE, "shrinkage_k": Number()}),
        "annual": Fields({"key": WEIGHTS_BY_ROUND, "other": WEIGHTS_BY_ROUND}),
        "adjustment": Fields({"cap": Number(0, 100), "approvers": Number(1, 10, whole=True)}),
        "gates": Fields(
            {
                "nothing_below": Number(whole=True),
                "internal_below": Number(whole=True),
                "grade_from": Number(whole=True),
                "reliability_from": SHARE,
            }
        ),
        "rounding": Fields({name: Number(0, 10, whole=True) for name in ("scores", "errors", "shares")}),
        "presets": Optional(
            ListOf(Fields({"code": code(20), "scale": code(20), "points": MapOf(Number(0, 100))})),
            [],
        ),
    }
)
TOML_FILES: Mapping[str, Fields] = {
    "programme.toml": Fields({**PROGRAMME.fields, "rounds": ListOf(ROUND, least=1)}),
    "questionnaire.toml": QUESTIONNAIRE,
    "fieldwork.toml": FIELDWORK,
    "scoring.toml": SCORING,
}

LEVELS = ("city", "county", "township", "station")
CSV_FILES: Mapping[str, Fields] = {
    "indicators.csv": Fields(
        {
            "code": code(20),
            "role": OneOf(("scored", "auxiliary")),
            "weight": SHARE,
            "scale": code(20),
            "name": BILINGUAL,
            "wording": BILINGUAL,
        }
    ),
    "scales.csv": Fields(
        {
            "scale": code(20),
            "value": code(20),
            "label": BILINGUAL,
            "kind": OneOf(("rated", "unscored", "dont_know", "refusal")),
            "points": Number(0, 100, empty=True),
            "satisfied": YesNo(),
            "phone_key": OneOf(tuple("12345678")),
        }
    ),
    "groups.csv": Fields(
        {
            "code": code(20),
            "weight": SHARE,
            "quota_share": SHARE,
            "all_below": Number(whole=True),
            "name": BILINGUAL,
            "record_types": ListOf(Text(40), csv=True, least=1),
        }
    ),
    "categories.csv": Fields({"code": code(), "name": BILINGUAL}),
    "grades.csv": Fields({"code": code(), "at_least": Number(0, 100), "name": BILINGUAL}),
    "areas.csv": Fields(
        {"code": code(12), "name": BILINGUAL, "level": OneOf(LEVELS[:3]), "parent": code(12, empty=True)}
    ),
    "units.csv": Fields(
        {
            "code": code(),
            "name": BILINGUAL,
            "level": OneOf(LEVELS),
            "category": code(),
            "area": code(12),
            "parent": code(empty=True),
            "is_key": YesNo(),
        }
    ),
    "stations.csv": Fields({"code": code(), "name": BILINGUAL, "unit": code(), "area": code(12)}),
}
