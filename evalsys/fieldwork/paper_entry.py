"""Keying forms on paper: twice, by two people; what they agree on goes through the one door, what they do not is settled first."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from evalsys.audit.actions import record_act
from evalsys.base.errors import BadInput, Refused
from evalsys.base.runtime import Runtime
from evalsys.design.actions import refuse_unless
from evalsys.design.models import Round
from evalsys.fieldwork.cases import give_back, open_dossiers
from evalsys.fieldwork.interviews import (
    Conversation,
    finish_interview,
    load_conversation,
    opt_out,
    record_answer,
    refuse_interview,
)
from evalsys.fieldwork.models import Attempt
from evalsys.fieldwork.paper_batches import CHANNEL, find_form, get_batch, refuse_signed, serial_of
from evalsys.fieldwork.paper_keyings import (
    SAID,
    SETTLEMENT,
    Comparison,
    compare,
    forget_keyings,
    keep_keying,
    read_keyings,
)
from evalsys.fieldwork.paper_models import PaperBatch, PaperForm
from evalsys.fieldwork.rules import rules_of
from surveys.fieldwork import stated_outcome
from surveys.instrument import Questionnaire

#: how a form came back → what it comes to where its answers make no interview
KEYED = {"filled": "2.12", "broken_off": "2.12", "blank": "2.113", "refused": "2.11", "never_again": "2.11"}
#: how a form that nobody has before them is accounted for → what it comes to
MISSING = {"not_returned": "3.19", "not_handed_out": "3.11"}
#: forms with these have answers
ANSWERED = ("filled", "broken_off")
#: after so many keyings that still differ, only a settlement ends it
MOST_KEYINGS = 3
LONGEST_REASON = 300


def key_form(
    session: Session, runtime: Runtime, round_: Round, serial: str, content: Mapping[str, str], *, keyer: str
) -> PaperForm:
    """Keep one person's reading of a form; with the second that says the same its answers are recorded.

    content : ``SAID`` (one of ``KEYED``) and the answers by question, empty ones left out. Raises ``Refused`` for whoever keyed the form
    before, for a form that is done, and after three keyings that differ; ``BadInput`` or ``InstrumentError`` for what is no answer.
    """
    form, batch = _open_form(session, round_, serial)
    if keyer in form.keyers:
        raise Refused("You have keyed form %(serial)s yourself; it needs another person.", serial=_serial(form))
    if len(form.keyers) >= MOST_KEYINGS:
        raise Refused("Form %(serial)s was keyed three times and still differs; settle it.", serial=_serial(form))
    content = _clean(rules_of(round_.configuration).questionnaire, content)
    form.keyers = [*form.keyers, keyer]
    if not load_conversation(session, runtime, form.case_id).is_open:
        _post(session, runtime, round_, form, batch, content)
        return form
    keep_keying(session, runtime, round_.id, form, len(form.keyers), keyer, content)
    comparison = compare_form(session, runtime, form)
    if len(form.keyers) == 2:
        form.fields, form.differing = comparison.fields, len(comparison.differences)
    if len(form.keyers) == 1:
        form.state = "once"
    elif comparison.differences:
        form.state = "differs"
    else:
        _post(session, runtime, round_, form, batch, comparison.agreed)
    session.flush()
    return form


def compare_form(session: Session, runtime: Runtime, form: PaperForm) -> Comparison:
    """What the keyings of a form agree on and where they differ."""
    return compare([keying.content for keying in read_keyings(session, runtime, form) if keying.turn != SETTLEMENT])


def settle_form(
    session: Session,
    runtime: Runtime,
    round_: Round,
    serial: str,
    choices: Mapping[str, str],
    *,
    reason: str,
    actor: str,
) -> PaperForm:
    """Settle what keyings differ in: one of those who keyed looks at the form again and says per field what stands there, and why.

    Raises ``Refused`` for whoever did not key it and for a form that does not differ, ``BadInput`` where a field is left open, is given
    what nobody keyed, or no reason is given.
    """
    form, batch = _open_form(session, round_, serial)
    if form.state != "differs":
        raise Refused("The keyings of form %(serial)s do not differ.", serial=_serial(form))
    if actor not in form.keyers:
        raise Refused("Only who keyed form %(serial)s can settle it.", serial=_serial(form))
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise BadInput("Say in up to %(most)s characters why this stands.", most=LONGEST_REASON)
    comparison = compare_form(session, runtime, form)
    for field, values in comparison.differences.items():
        if choices.get(field) not in values:
            raise BadInput("Choose what stands in the form for %(field)s.", field=field)
    chosen = {field: choices[field] for field in comparison.differences if choices[field]}
    content = _clean(rules_of(round_.configuration).questionnaire, {**comparison.agreed, **chosen})
    keep_keying(session, runtime, round_.id, form, SETTLEMENT, actor, content, reason.strip())
    _post(session, runtime, round_, form, batch, content)
    record_act(session, runtime.clock, round_.code, actor, "paper form settled", form=_serial(form))
    session.flush()
    return form


def account_form(session: Session, runtime: Runtime, round_: Round, serial: str, said: str, *, actor: str) -> PaperForm:
    """Account for a form that did not come back; said: one of ``MISSING``. Raises ``Refused`` for one of which something was keyed."""
    if said not in MISSING:
        raise BadInput("%(said)s is no way in which a form can be missing.", said=said)
    form, batch = _open_form(session, round_, serial)
    if form.state != "out":
        raise Refused("Form %(serial)s was keyed, so it is not missing.", serial=_serial(form))
    _post(session, runtime, round_, form, batch, {SAID: said})
    record_act(session, runtime.clock, round_.code, actor, "paper form accounted for", form=_serial(form), said=said)
    session.flush()
    return form


def _open_form(session: Session, round_: Round, serial: str) -> tuple[PaperForm, PaperBatch]:
    """A form that may still change, locked against everybody else."""
    refuse_unless(round_, "open", "paused", doing="keying forms")
    form = find_form(session, round_, serial)
    session.execute(select(PaperForm.id).where(PaperForm.id == form.id).with_for_update())
    session.refresh(form)
    batch = get_batch(session, round_, form.batch_id)
    refuse_signed(batch)
    if form.state == "done":
        raise Refused("Form %(serial)s is done.", serial=_serial(form))
    return form, batch


def _serial(form: PaperForm) -> str:
    return serial_of(form.batch_id, form.number)


def _clean(questionnaire: Questionnaire, content: Mapping[str, str]) -> dict[str, str]:
    """A reading as it is stored: a known way of coming back, and valid answers to what paper asks."""
    said = content.get(SAID, "")
    if said not in KEYED:
        raise BadInput("Say how the form came back.")
    if said not in ANSWERED:
        return {SAID: said}
    asked = questionnaire.asked_by(CHANNEL)
    answers = {
        # What is written for "not known" is stored as an empty text, which in a reading says that nothing is written.
        code: questionnaire.validate_answer(code, value) or value
        for code, value in content.items()
        if code in asked and value
    }
    if not answers:
        raise BadInput("Nothing is ticked; say that the form came back blank.")
    return {SAID: said, **answers}


def _post(
    session: Session, runtime: Runtime, round_: Round, form: PaperForm, batch: PaperBatch, content: Mapping[str, str]
) -> None:
    """Let a form have its effect: answers through the one door, the outcome into the ledger, the case ended or given back."""
    open_dossiers(session, [form.case_id])  # locks the case: nobody answers elsewhere meanwhile
    said = content[SAID]
    given = {code: value for code, value in content.items() if code != SAID}
    talk = load_conversation(session, runtime, form.case_id)
    form.superseded = bool(given) and not talk.is_open
    # Answers that the form's own rules pass over are no answers.
    answers = {code: given[code] for code in talk.questionnaire.path(given, CHANNEL) if code in given}
    if not form.superseded:
        talk = _record(session, runtime, talk, said, answers, batch.language)
    reached = talk.questionnaire.outcome(answers) if said == "filled" or (answers and not talk.is_open) else None
    attempt = session.get(Attempt, form.attempt_id, populate_existing=True)
    result = stated_outcome(reached or {**KEYED, **MISSING}[said])
    attempt.state, attempt.ended_at = "ended", runtime.clock.now()
    attempt.outcome, attempt.counts = result.outcome, result.counts_as_try
    session.flush()
    dossier = open_dossiers(session, [form.case_id])[form.case_id]
    if dossier.interview.state == "calling":
        give_back(runtime, dossier)
    form.state, form.said = "done", said
    session.flush()
    if dossier.interview.state != "answered":
        forget_keyings(session, round_, [form.case_id])


def _record(
    session: Session, runtime: Runtime, talk: Conversation, said: str, answers: Mapping[str, str], language: str
) -> Conversation:
    for code, value in answers.items():
        if talk.is_open:
            talk = record_answer(session, runtime, talk, code, value, channel=CHANNEL, language=language)
    if said == "filled" and talk.is_open and talk.questionnaire.outcome(talk.answers):
        talk = finish_interview(session, runtime, talk, channel=CHANNEL)
    if said == "refused":
        refuse_interview(session, runtime, talk.case_id)
    if said == "never_again":
        opt_out(session, runtime, talk.case_id)
    return talk
