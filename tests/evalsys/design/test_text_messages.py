"""A programme's text messages: what is wrong with them is said before they are sent."""

from __future__ import annotations

import shutil

import pytest

from evalsys.design.programme_files import ProgrammeProblems, read_programme
from evalsys.design.text_message_checks import list_measured_texts
from tests.evalsys.installation import CITY


@pytest.mark.parametrize(
    ("old", "new", "column", "problem"),
    [
        ("拒收回T", "不想收请联系TA", "sms.text.zh", "stop-word-missing"),
        ("严格保密。", "严格保密。" * 40, "sms.text.zh", "message-too-long"),
        ("[sms]\n", "[sms]\nreminder_days = [2]\n", "sms.reminder_1", "missing"),
        ("[sms]\n", "[sms]\nreminder_days = [5, 2]\n", "sms.reminder_days", "reminder-days"),
        (
            "[call_centre.outcomes]",
            '[sms.thanks]\nzh = "谢谢 {link}"\nen = "Thanks"\n[call_centre.outcomes]',
            "sms.thanks.zh",
            "link-in-thanks",
        ),
    ],
)
def test_what_is_wrong_with_a_text_message_is_said_at_its_key(tmp_path, old, new, column, problem):
    folder = shutil.copytree(CITY, tmp_path / "city")
    file = folder / "fieldwork.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProgrammeProblems) as caught:
        read_programme(folder)
    assert (column, problem) in {(each.column, each.problem) for each in caught.value.problems}


def test_a_designer_sees_how_long_each_text_is_with_the_longest_name():
    files = read_programme(CITY)
    measured = {(one.name, one.language): one.length for one in list_measured_texts(files.configuration, files.units)}
    assert measured["invitation", "zh"].alphabet == "UCS-2" and measured["invitation", "zh"].segments == 2
    assert measured["invitation", "en"].alphabet == "GSM-7" and measured["invitation", "en"].segments <= 2
