"""The same journeys by text message: signed messages come in as the provider passes them on, and questions go out by the job."""

from __future__ import annotations

import itertools

from twilio.request_validator import RequestValidator

from evalsys.fieldwork.jobs import apply_callbacks, send_messages
from evalsys.samples.imports import read_phone
from evalsys.samples.models import Case
from tests.evalsys.fieldwork.working import keep_one, report
from tests.evalsys.installation import Installation, make_open, tiny_city
from tests.journeys.players import WRONG_KEY, Player

SMS = tiny_city().configuration["fieldwork"]["sms"] | {
    "two_way": True,
    "text": {
        "zh": "请评价{unit}：{link} 或回复1用短信作答。拒收回T",
        "en": "Rate {unit}: {link} or reply 1. STOP to opt out.",
    },
    "identity": {"zh": "{conductor}受{sponsor}委托评价{unit}。", "en": "{conductor}, for {sponsor}, on {unit}."},
    "unclear": {"zh": "没看懂您的回复，请回复数字。", "en": "Sorry, please reply with a number."},
    "goodbye": {"zh": "仍没看懂，您可以在网上作答：{link}", "en": "You can answer here: {link}"},
}
_numbers = itertools.count(1)


def make_texting(home) -> Installation:
    """A round whose cases are invited by text message and may answer by it."""
    return make_open(home, mode_sequence=["sms"], random_arm_share=0.0, sms=SMS)


class SmsPlayer(Player):
    """Somebody with a telephone that does nothing but text messages."""

    def __init__(self, place: Installation) -> None:
        super().__init__(place, keep_one(place, "sms"))
        place.do_job(send_messages)
        self.invitation = place.telephone.sent[-1]
        report(place, self.invitation.attempt_key, "delivered")
        place.do_job(apply_callbacks)
        self.phone = place.act(lambda s, r: read_phone(r, s.get(Case, self.case_id).record))

    def post(self, text: str, sid: str = "") -> None:
        """A message arrives as the provider passes it on."""
        settings = self.place.runtime.settings
        url = f"{settings.public_base_url}/provider/message"
        form = {
            "Body": text,
            "From": self.phone,
            "To": self.invitation.sender,
            "MessageSid": sid or f"SM{next(_numbers):032d}",
        }
        signature = RequestValidator(settings.twilio_auth_token).compute_signature(url, form)
        answer = self.client.post("/provider/message", data=form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 204, answer.text

    def say(self, text: str) -> str:
        """Write back; what comes of it, ``""`` where nothing does."""
        before = len(self.place.telephone.sent)
        self.post(text)
        self.place.do_job(send_messages)
        sent = self.place.telephone.sent[before:]
        assert len(sent) <= 1
        return sent[0].body if sent else ""

    def asked(self) -> str:
        return self.place.sql("SELECT asked FROM text_reply ORDER BY id DESC LIMIT 1")[0][0]

    def consent(self) -> None:
        assert self.say("１ ")

    def decline(self) -> None:
        assert "再见" in self.say("2")

    def opt_out(self) -> None:
        assert self.say("退订") == "", "nobody is written to who opts out"

    def answer(self, code: str, value: str) -> None:
        assert self.asked() == code, f"asked {self.asked()}, not {code}"
        (option,) = (one for one in self.questionnaire.question(code).options if one.value == value)
        ways = (
            option.phone_key,
            f" {option.phone_key}。",
            option.label["zh"],
            f"选{option.phone_key}{option.label['zh']}",
        )
        assert self.say(ways[len(code + value) % 2 * 2 + int(value) % 2])

    def back(self) -> None:
        assert self.say("返回")

    def wrong_key(self) -> None:
        assert self.say(WRONG_KEY).startswith("没看懂")

    def silence(self) -> None:
        self.place.do_job(send_messages)

    def hang_up(self) -> None:
        """Whoever stops simply writes no more."""

    def resume(self) -> None:
        self.place.clock.at = self.place.clock.at.replace(day=self.place.clock.at.day + 3)
        assert self.say("开始")
