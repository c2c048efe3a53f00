"""One interview written once, played on the web as a browser does it, on the telephone as the provider does it, through files, by an
interviewer at the desk, and on paper.

Steps: ``consent``, ``decline``, ``opt out``, ``I1=5`` (the answer's value), ``back`` (to the question
before), ``wrong key`` (an answer that is none), ``silence`` (nothing chosen), ``hang up``, ``resume`` (the same link,
another call).
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator

from evalsys.design.queries import get_round
from evalsys.fieldwork.interviews import load_conversation
from evalsys.fieldwork.models import Attempt
from evalsys.fieldwork.rules import rules_of
from evalsys.gateways.simulator.twiml import Verb, read_page
from surveys.instrument import JOINED_BY
from surveys.instrument.questions import NOT_KNOWN, STAR_KEY
from tests.evalsys.faces.interviewers import Person
from tests.evalsys.faces.meeting import key_form, make_batch
from tests.evalsys.faces.staff import signed_in
from tests.evalsys.fieldwork.call_centre import read_list, result, take_list, take_results
from tests.evalsys.fieldwork.working import keep_one
from tests.evalsys.installation import ROUND, Installation

WRONG_KEY = "7"


def _typed(value: str) -> str | list[str]:
    """An answer as a form sends it: the ticked options of a multiple choice one by one, nothing for what is not known."""
    parts = value.split(JOINED_BY)
    return parts if len(parts) > 1 else "" if value == NOT_KNOWN else value


class Player:
    """What both channels share: the case, and what is stored of it."""

    def __init__(self, place: Installation, case_id: int) -> None:
        self.place, self.case_id = place, case_id
        self.client = place.app.test_client()
        self.pages = 0
        self.questionnaire = place.act(lambda s, r: load_conversation(s, r, case_id)).questionnaire

    def play(self, steps: list[str]) -> Player:
        for step in steps:
            self.pages += 1
            code, _, value = step.partition("=")
            if value:
                self.answer(code, value)
            else:
                getattr(self, step.replace(" ", "_"))()
        return self

    def stored(self) -> dict:
        """Answers, state and outcome of the case; the comment that only the web asks for stays out."""
        talk = self.place.act(lambda s, r: load_conversation(s, r, self.case_id))
        answers = {code: value for code, value in talk.answers.items() if code != "P2"}
        state = "open" if talk.is_open else talk.state
        return {"answers": answers, "state": state, "outcome": talk.outcome}


class WebPlayer(Player):
    """A browser with the case's link."""

    def __init__(self, place: Installation, case_id: int) -> None:
        super().__init__(place, case_id)
        cid = place.sql('select cid from "case" where id = :id', id=case_id)[0][0]
        self.link = f"/q/{place.runtime.keyring.link_token(cid)}"
        self.at = self.link
        self.reading = ""
        self.rows: dict[str, str] = {}

    def _send(self, address: str, **form: str | list[str]) -> None:
        answer = self.client.post(address + self.reading, data=form)
        assert answer.status_code in (302, 422), answer.text
        if answer.status_code == 302:
            self.at = answer.location.removesuffix(self.reading)
            shown = self.client.get(self.at + self.reading)
            assert shown.status_code == 200

    def consent(self) -> None:
        self._send(self.link, choice="begin")

    resume = consent

    def speak_english(self) -> None:
        self.reading = "?lang=en"
        assert '<html lang="en"' in self.client.get(self.at + self.reading).text

    def decline(self) -> None:
        self._send(self.link, choice="decline")

    def opt_out(self) -> None:
        self._send(self.link, choice="never")

    def answer(self, code: str, value: str) -> None:
        rows = self.questionnaire.matrix_of(code)
        assert self.at.rsplit("/", 1)[1] in rows, f"asked {self.at}, not {code}"
        if len(rows) == 1:
            self._send(self.at, answer=_typed(value))
        else:
            # A matrix is sent when its last row is ticked.
            self.rows[f"{code}-answer"] = value
            if len(self.rows) == len(rows):
                self._send(self.at, **self.rows)
                self.rows = {}
        if self.at.endswith("/P2"):
            self._send(self.at, answer="")

    def back(self) -> None:
        talk = self.place.act(lambda s, r: load_conversation(s, r, self.case_id))
        before = self.questionnaire.previous_question(talk.answers, "web", self.at.rsplit("/", 1)[1]).code
        address = f"{self.link}/{before}"
        assert f'href="{address}"' in self.client.get(self.at).text
        self.at = address
        assert self.client.get(address).status_code == 200

    def wrong_key(self) -> None:
        self._send(self.at, answer=WRONG_KEY)

    def silence(self) -> None:
        self._send(self.at)

    def hang_up(self) -> None:
        self.client = self.place.app.test_client()


class VoicePlayer(Player):
    """The provider's side of calls to the case: signed requests, TwiML pages."""

    def __init__(self, place: Installation, case_id: int) -> None:
        super().__init__(place, case_id)
        self.key = place.sql("select key from attempt where case_id = :id", id=case_id)[0][0]
        self.document = ""
        self.verbs: list[Verb] = []
        self.fetched = 0

    def fetch(self, url: str, **form: str) -> None:
        """Fetch a page as the provider does, signed over the public address."""
        settings = self.place.runtime.settings
        form = {"CallSid": "CA1", **form}
        signature = RequestValidator(settings.twilio_auth_token).compute_signature(url, form)
        answer = self.client.post(urlsplit(url).path, data=form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 200, answer.text
        self.fetched += 1
        self.document, self.verbs = answer.text, read_page(answer.text, url)

    @property
    def is_over(self) -> bool:
        return any(verb.name == "Hangup" for verb in self.verbs)

    def _verb(self, name: str) -> Verb:
        return next(verb for verb in self.verbs if verb.name == name)

    def _dial(self) -> None:
        if not self.verbs:
            self.fetch(f"{self.place.runtime.settings.public_base_url}/voice/{self.key}", AnsweredBy="human")

    def _press(self, digit: str) -> None:
        self.fetch(self._verb("Gather").url, Digits=digit)

    def consent(self) -> None:
        self._dial()
        self._press("1")

    def speak_english(self) -> None:
        self._dial()
        self._press(self.questionnaire.language_key)
        assert "This is" in self.document

    def decline(self) -> None:
        self._dial()
        self._press("2")

    def opt_out(self) -> None:
        self._dial()
        self._press("3")

    def answer(self, code: str, value: str) -> None:
        asked = urlsplit(self._verb("Gather").url).path.split("/")[4]
        assert asked == code, f"asked {asked}, not {code}"
        self._press(self._keys(code, value))

    def _keys(self, code: str, value: str) -> str:
        """What is pressed before the finishing key, which the provider does not pass on."""
        question = self.questionnaire.question(code)
        if question.options:
            key_by_value = {option.value: option.phone_key for option in question.options}
            return "".join(key_by_value[part] for part in value.split(JOINED_BY))
        return STAR_KEY if value == NOT_KNOWN else value.replace(".", STAR_KEY).replace("-", "")

    def back(self) -> None:
        asked = urlsplit(self._verb("Gather").url).path.split("/")[4]
        before = STAR_KEY if self.questionnaire.question(asked).kind in ("number", "date") else ""
        self._press(before + self.questionnaire.back_key)

    def wrong_key(self) -> None:
        self._press(WRONG_KEY)

    def silence(self) -> None:
        self.fetch(self._verb("Redirect").url)

    def hang_up(self) -> None:
        self.verbs = []

    def resume(self) -> None:
        number, self.key = 2, secrets.token_hex(16)

        def call_again(session, runtime) -> None:
            first = session.query(Attempt).filter_by(case_id=self.case_id).first()
            session.add(
                Attempt(
                    round_id=first.round_id,
                    case_id=self.case_id,
                    number=number,
                    key=self.key,
                    channel="voice",
                    fence=1,
                    state="placed",
                    planned_at=runtime.clock.now(),
                )
            )

        self.place.act(call_again)
        self.consent()


class FilePlayer(Player):
    """An interviewer of a call centre: takes the only case of a list, notes what is said, and sends one line back per call."""

    def __init__(self, place: Installation) -> None:
        (row,) = read_list(place, take_list(place, limit=1))
        key = row["编号"].replace("-", "")
        super().__init__(place, place.sql("select case_id from attempt where key = :key", key=key)[0][0])
        self.code, self.said = row["编号"], {}
        # A file has the questions in the printed order.
        self.questionnaire = place.act(lambda s, r: rules_of(get_round(s, ROUND).configuration).questionnaire)

    def speak_english(self) -> None:
        """The interviewer goes over to English, and writes down the same."""

    def play(self, steps: list[str]) -> FilePlayer:
        super().play(steps)
        if self.code:
            self.hang_up()
        return self

    def stored(self) -> dict:
        assert list(self.place.home.glob("r*.csv")) == [self.place.home / "records.csv"]
        return super().stored()

    def _send_back(self, outcome: str, **cells: str) -> None:
        columns = dict.fromkeys(self.questionnaire.asked_by("voice"), "")
        line = result(self.place, self.code, 结果=outcome, **columns | cells)
        report = take_results(self.place, [line])
        assert (report.imported, report.refused) == (1, 0)
        self.code = ""

    def consent(self) -> None:
        self.said = {}

    def decline(self) -> None:
        self._send_back("2.11")

    def opt_out(self) -> None:
        self._send_back("2.11", 不再联系="yes")

    def answer(self, code: str, value: str) -> None:
        self.said[code] = value

    def back(self) -> None:
        """The interviewer rubs out nothing before the new answer is said."""

    wrong_key = silence = back

    def hang_up(self) -> None:
        """Whatever is off the way of the final answers was rubbed out; the outcome is what the interviewer sees."""
        on_the_way = self.questionnaire.path(self.said, "voice")
        self.said = {code: value for code, value in self.said.items() if code in on_the_way}
        done = self.questionnaire.next_question(self.said, "voice") is None
        outcome = self.questionnaire.outcome(self.said)
        self._send_back(outcome if done else "中途挂断", **self.said)

    def resume(self) -> None:
        """Called again a week later; the interviewer asks from the beginning, and hears the same."""
        due = self.place.sql("select due_at from interview where case_id = :id", id=self.case_id)[0][0]
        self.place.sql("update interview set due_at = null where case_id != :id", id=self.case_id)
        self.place.clock.at = datetime.fromisoformat(due).replace(tzinfo=UTC)
        (row,) = read_list(self.place, take_list(self.place))
        self.code = row["编号"]


class InterviewerPlayer(Player):
    """An interviewer at the desk, with the only case of the queue; what is said on the telephone they type in."""

    def __init__(self, place: Installation) -> None:
        super().__init__(place, keep_one(place, "interviewer"))
        self.language = ""
        self.desk = Person(place).begin()
        self.desk.press("/next")

    def consent(self) -> None:
        self.desk.talk()
        if self.language:
            assert self.desk.press("/language", language=self.language) == 302

    def speak_english(self) -> None:
        self.language = "en"

    def decline(self) -> None:
        self.desk.talk().press("/outcome", outcome="2.11")

    def opt_out(self) -> None:
        self.desk.talk().press("/outcome", outcome="2.11", never_again="y")

    def answer(self, code: str, value: str) -> None:
        assert self.desk.asked() == code, f"asked {self.desk.asked()}, not {code}"
        assert self.desk.press("/answers", answer=_typed(value)) == 302
        if 'id="answers"' in self.desk.html and self.desk.asked() == "P2":
            self.desk.press("/answers", answer="")

    def back(self) -> None:
        self.desk.look(re.search(r'href="([^"]*)" data-key="Backspace"', self.desk.html)[1])

    def wrong_key(self) -> None:
        asked = self.desk.asked()
        self.desk.press("/answers", answer=WRONG_KEY)
        assert self.desk.asked() == asked

    def silence(self) -> None:
        asked = self.desk.asked()
        self.desk.press("/answers")
        assert self.desk.asked() == asked

    def hang_up(self) -> None:
        self.desk.press("/outcome", outcome="2.12")

    def resume(self) -> None:
        due = self.place.sql("select due_at from interview where case_id = :id", id=self.case_id)[0][0]
        self.place.clock.at = datetime.fromisoformat(due).replace(tzinfo=UTC)
        self.desk.look().press("/next")
        self.consent()


class PaperPlayer(Player):
    """Somebody with a numbered form and a pencil; in the end two people key it."""

    def __init__(self, place: Installation) -> None:
        (self.serial,) = make_batch(place)
        super().__init__(place, place.sql("select case_id from paper_form")[0][0])
        self.ticked: dict[str, str] = {}
        self.came_back = "filled"

    def play(self, steps: list[str]) -> PaperPlayer:
        super().play(steps)
        several = {code: value.split(";") if ";" in value else value for code, value in self.ticked.items()}
        fields = {"said": self.came_back, **several}
        for keyer in ("zhao", "qian"):
            assert key_form(signed_in(self.place.app, keyer), self.serial, **fields).status_code == 302
        return self

    def consent(self) -> None:
        self.came_back = "filled"

    resume = consent

    def decline(self) -> None:
        self.came_back = "refused"

    def opt_out(self) -> None:
        self.came_back = "never_again"

    def answer(self, code: str, value: str) -> None:
        self.ticked[code] = value

    def back(self) -> None:
        """What was ticked before is crossed out when another box is."""

    wrong_key = silence = back

    def hang_up(self) -> None:
        self.came_back = "broken_off"
