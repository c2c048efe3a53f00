"""What of a batch of forms leaves the house: the forms as one PDF, and the list of who gets which."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalsys.fieldwork.paper_batches import FormToPrint, HandoutRow
from evalsys.render.printed_form import describe_form
from evalsys.render.printed_form_pdf import write_form_pdf

HANDOUT_COLUMNS = {"zh": ("编号", "电话号码", "单位"), "en": ("serial", "phone", "unit")}


def write_batch_pdf(configuration: Mapping[str, Any], language: str, forms: Sequence[FormToPrint]) -> bytes:
    """The forms of a batch as one PDF/UA-1 document, each on pages of its own with its serial on every page."""
    return write_form_pdf(
        [describe_form(configuration, language, unit=form.unit, month=form.month, serial=form.serial) for form in forms]
    )


def write_handout(rows: Iterable[HandoutRow], language: str) -> bytes:
    """The list of who gets which form, as CSV in UTF-8; a number stands so that no spreadsheet takes it for one to add up."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HANDOUT_COLUMNS[language])
    writer.writerows((row.serial, f"'{row.phone}", row.unit) for row in rows)
    return text.getvalue().encode("utf-8-sig")
