"""The tables of a round as one .xlsx: numbers as numbers, scores as formulas over them, text never as a formula."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import xlsxwriter
from flask_babel import gettext
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from evalsys.render import words
from evalsys.render.method import describe_method
from evalsys.render.score_table import ScoreRow, ScoreTable
from evalsys.render.spreadsheet_cells import MethodFormats, write_heads, write_method, write_number, write_text
from surveys.fieldwork import find_outcome

OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
#: where the indicators' sheet keeps weights and the first unit
WEIGHT_ROW, FIRST_ROW, FIRST_INDICATOR = 1, 2, 3
#: where the year's sheet keeps the total
TOTAL_COLUMN = 9
#: XlsxWriter's number of the paper size, and the most columns that stand on it upright
A4, PORTRAIT_COLUMNS = 9, 4


def write_spreadsheet(table: ScoreTable, disclosure: Mapping[str, Any], round_: Any, revision: int) -> bytes:
    """The bytes of the workbook. ``round_``: anything with ``code``, ``name_zh`` and ``name_en``.

    Survey and round score are formulas over the indicators' means and the weights beside them; their cached values are the published ones.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, OPTIONS) as book:
        sheets = _Sheets(book, table, disclosure)
        sheets.write_about(round_, revision)
        sheets.write_scores()
        sheets.write_indicators()
        if table.has_year:
            sheets.write_year()
        sheets.write_groups()
        sheets.write_fieldwork()
        sheets.write_hotline()
        sheets.write_adjustments()
        sheets.write_rectification()
        sheets.write_method()
        sheets.write_revisions()
        sheets.set_print_areas()
    return buffer.getvalue()


class _Sheets:
    """Writes the sheets in their order; the scores point at the sheet of indicators, which follows them."""

    def __init__(self, book: xlsxwriter.Workbook, table: ScoreTable, disclosure: Mapping[str, Any]) -> None:
        self.book, self.table, self.disclosure = book, table, disclosure
        self.head = book.add_format(
            {"bold": True, "bg_color": "#F3F6F9", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self.two = book.add_format({"num_format": "0.00"})
        self.three = book.add_format({"num_format": "0.000"})
        self.six = book.add_format({"num_format": "0.000000"})
        self.percent = book.add_format({"num_format": "0.0%"})
        self.indicator_sheet, self.year_sheet = gettext("Indicators"), gettext("The year")
        self.configuration = table.configuration

    def write_about(self, round_: Any, revision: int) -> None:
        """What this is."""
        sheet = self._sheet(gettext("About"), (24, 90))
        write_text(sheet, 0, 0, f"{gettext('Conduct evaluation')} · {words.name_in_language(round_)}", self.title)
        programme = self.configuration["programme"]
        language = self.table.language
        lines = [
            (gettext("Programme"), programme["name"][language]),
            (gettext("Notice"), programme["banner"][language]),
            (gettext("Round"), round_.code),
            (gettext("Revision"), str(revision)),
            (gettext("Scores"), gettext("from 0 to 100; units are compared within their category only")),
            (gettext("Empty cells"), gettext("nothing may be shown there, since too few people answered")),
            (
                gettext("Formulas"),
                gettext("survey and round score are computed in the sheet from the indicators and their weights"),
            ),
            (
                gettext("Groups and methods"),
                gettext(
                    "the survey score within each evaluator group, and the scores of both methods; orders of the hotline belong to no group"
                ),
            ),
            (gettext("Configuration (SHA-256)"), self.disclosure["configuration_sha256"]),
            (gettext("Frozen answers (SHA-256)"), self.disclosure["dataset_sha256"]),
        ]
        self._pairs(sheet, lines, first=2)

    def write_scores(self) -> None:
        """One row a unit, by category."""
        heads = [
            gettext("No."),
            gettext("Unit"),
            gettext("Category"),
            gettext("Completes"),
            gettext("Aware"),
            *(item["code"] for item in self.table.scored),
            gettext("Survey"),
            gettext("Interval from"),
            gettext("Interval to"),
            gettext("Hotline"),
            gettext("This round"),
            gettext("Mid-year"),
            gettext("Bonus, deduction"),
            gettext("Composite"),
            gettext("Grade"),
            gettext("Rank set"),
            gettext("Band"),
        ]
        sheet = self._sheet(gettext("Scores"), (6, 28, 20, *(11 for _ in heads[3:-1]), 28))
        write_heads(sheet, heads, self.head)
        sheet.freeze_panes(1, 2)
        number = 1
        for category in self.table.categories:
            for row in category.rows:
                sheet.write_number(number, 0, number)
                write_text(sheet, number, 1, row.name)
                write_text(sheet, number, 2, category.name)
                if row.is_shown:
                    self._score_cells(sheet, number, row)
                number += 1
        sheet.autofilter(0, 0, max(1, number - 1), len(heads) - 1)

    def _score_cells(self, sheet, at: int, row: ScoreRow) -> None:
        write_number(sheet, at, 3, row.get("completes"))
        write_number(sheet, at, 4, row.get("awareness_share"), self.percent)
        place = FIRST_ROW + at - 1
        column = 5
        for offset, item in enumerate(self.table.scored):
            mean = row.mean(item["code"])
            if mean is not None:
                cell = xl_rowcol_to_cell(place, FIRST_INDICATOR + offset)
                sheet.write_formula(at, column, f"='{self.indicator_sheet}'!{cell}", self.two, float(mean))
            column += 1
        self._survey_formula(sheet, at, column, place, row)
        write_number(sheet, at, column + 1, row.get("survey_low"), self.two)
        write_number(sheet, at, column + 2, row.get("survey_high"), self.two)
        write_number(sheet, at, column + 3, row.hotline_score, self.two)
        self._round_formula(sheet, at, column + 4, row)
        year = row.annual or {}
        write_number(sheet, at, column + 5, year.get("mid_year"), self.two)
        write_number(sheet, at, column + 6, year.get("adjustment"), self.two)
        self._composite_formula(sheet, at, column + 7, place, row)
        band = row.get("band")
        for step, text in enumerate((row.grade_name, row.rank_set, str(words.BANDS[band]) if band else None), 8):
            write_text(sheet, at, column + step, text or "")

    def _survey_formula(self, sheet, at: int, column: int, place: int, row: ScoreRow) -> None:
        """Σ w_j I_j / Σ w_j over the indicators that have a mean, rounded as published."""
        score = row.get("survey_score")
        if score is None:
            return
        last = FIRST_INDICATOR + len(self.table.scored) - 1
        name = f"'{self.indicator_sheet}'!"
        weights = name + xl_range_abs(WEIGHT_ROW, FIRST_INDICATOR, WEIGHT_ROW, last)
        means = name + xl_range_abs(place, FIRST_INDICATOR, place, last)
        places = self.configuration["scoring"]["rounding"]["scores"]
        formula = f"=ROUND(SUMPRODUCT({weights},{means})/SUMPRODUCT({weights},--ISNUMBER({means})),{places})"
        sheet.write_formula(at, column, formula, self.two, float(score))

    def _round_formula(self, sheet, at: int, column: int, row: ScoreRow) -> None:
        """The methods' weights over survey and hotline; a missing method leaves its weight to the other."""
        score = row.get("score")
        if score is None:
            return
        methods = self.configuration["scoring"]["methods"]
        survey, hotline = xl_rowcol_to_cell(at, column - 4), xl_rowcol_to_cell(at, column - 1)
        parts = [
            (weight, cell)
            for weight, cell, value in (
                (methods["survey"], survey, row.get("survey_score")),
                (methods["hotline"], hotline, row.hotline_score),
            )
            if value is not None and weight
        ]
        top = "+".join(f"{weight}*{cell}" for weight, cell in parts)
        bottom = "+".join(str(weight) for weight, _ in parts)
        places = self.configuration["scoring"]["rounding"]["scores"]
        sheet.write_formula(at, column, f"=ROUND(({top})/({bottom}),{places})", self.two, float(score))

    def _composite_formula(self, sheet, at: int, column: int, place: int, row: ScoreRow) -> None:
        """The year's total from its sheet, or the round's score where there is no year."""
        if row.composite is None:
            return
        there = f"'{self.year_sheet}'!{xl_rowcol_to_cell(place, TOTAL_COLUMN)}"
        source = there if row.annual else xl_rowcol_to_cell(at, column - 3)
        sheet.write_formula(at, column, f"={source}", self.two, float(row.composite))

    def write_year(self) -> None:
        """How the rounds of the year and the adjustment make the total; a unit stands in the same line as on the indicators' sheet."""
        sheet = self._sheet(self.year_sheet, (14, 28, 20, *(14 for _ in range(7)), 12))
        heads = [gettext("Code"), gettext("Unit"), gettext("Category"), gettext("Mid-year"), gettext("Weight")]
        heads += [gettext("Year-end"), gettext("Weight"), gettext("Rounds together"), gettext("Bonus, deduction")]
        write_heads(sheet, [*heads, gettext("Composite"), gettext("Grade")], self.head)
        sheet.freeze_panes(FIRST_ROW, 2)
        places = self.configuration["scoring"]["rounding"]["scores"]
        for at, row, category in self._places():
            for column, text in enumerate((row.code, row.name, category)):
                write_text(sheet, at, column, text)
            year = row.annual
            if not year or year["total"] is None:
                continue
            for column, kind in ((3, "mid_year"), (5, "year_end")):
                write_number(sheet, at, column, year[kind], self.two)
                write_number(sheet, at, column + 1, float(Fraction(year["weights"].get(kind, "0"))), self.percent)
            line = at + 1
            top, bottom = f"D{line}*E{line}+F{line}*G{line}", f"(E{line}+G{line})"
            sheet.write_formula(at, 7, f"=ROUND(({top})/{bottom},{places})", self.two, float(year["base"]))
            write_number(sheet, at, 8, year["adjustment"], self.two)
            sheet.write_formula(at, TOTAL_COLUMN, f"=H{line}+I{line}", self.two, float(year["total"]))
            write_text(sheet, at, TOTAL_COLUMN + 1, row.grade_name or "")

    def write_groups(self) -> None:
        """The survey score within each evaluator group beside the methods' scores: weights first, then one row a unit."""
        groups, methods = self.configuration["groups"], self.configuration["scoring"]["methods"]
        parts = [gettext("Survey score"), gettext("Standard error"), gettext("Answers")]
        heads = [gettext("Code"), gettext("Unit"), gettext("Category")]
        heads += [f"{words.name_in_language(group)} · {part}" for group in groups for part in parts]
        sheet = self._sheet(gettext("Groups × methods"), (14, 28, 20, *(14 for _ in heads[3:]), 14, 14, 14))
        write_heads(
            sheet, [*heads, gettext("Survey score"), gettext("Hotline score"), gettext("This round")], self.head
        )
        write_text(sheet, WEIGHT_ROW, 1, gettext("Weight"), self.head)
        for offset, group in enumerate(groups):
            sheet.write_number(WEIGHT_ROW, 3 + len(parts) * offset, float(group["weight"]), self.head)
        for offset, method in enumerate(("survey", "hotline")):
            sheet.write_number(WEIGHT_ROW, len(heads) + offset, float(methods[method]), self.head)
        sheet.freeze_panes(FIRST_ROW, 2)
        for at, row, category in self._places():
            for column, text in enumerate((row.code, row.name, category)):
                write_text(sheet, at, column, text)
            for offset, group in enumerate(groups):
                cell = row.group(group["code"])
                for step, (name, shape) in enumerate((("score", self.two), ("std_error", self.three), ("n", None))):
                    write_number(sheet, at, 3 + len(parts) * offset + step, cell.get(name), shape)
            for offset, value in enumerate((row.get("survey_score"), row.hotline_score, row.get("score"))):
                write_number(sheet, at, len(heads) + offset, value, self.two)

    def write_hotline(self) -> None:
        """The three rates of each unit as counted and drawn towards the category, and the score of them."""
        sheet = self._sheet(gettext("The hotline"), (14, 28, 20, *(16 for _ in range(8))))
        heads = [gettext("Code"), gettext("Unit"), gettext("Category"), gettext("Orders")]
        heads += [str(label) for label in words.RATES.values()]
        heads += [gettext("%(rate)s, drawn to the category", rate=label) for label in words.RATES.values()]
        write_heads(sheet, [*heads, gettext("Hotline score")], self.head)
        sheet.freeze_panes(1, 2)
        for at, row, category in self._places(first=1):
            for column, text in enumerate((row.code, row.name, category)):
                write_text(sheet, at, column, text)
            hotline = row.get("hotline") or {}
            write_number(sheet, at, 3, (hotline.get("counts") or {}).get("orders"))
            for offset, rate in enumerate(words.RATES):
                write_number(sheet, at, 4 + offset, (hotline.get("rates") or {}).get(rate), self.percent)
                write_number(sheet, at, 7 + offset, (hotline.get("shrunk") or {}).get(rate), self.percent)
            write_number(sheet, at, 10, hotline.get("score"), self.two)

    def write_adjustments(self) -> None:
        """Bonus and deduction of each unit whose year has them; a sentence where there are none."""
        sheet = self._sheet(gettext("Bonus and deduction"), (14, 28, 20, 16, 18, 14))
        heads = [gettext("Code"), gettext("Unit"), gettext("Category"), gettext("Rounds together")]
        write_heads(sheet, [*heads, gettext("Bonus, deduction"), gettext("Composite")], self.head)
        sheet.freeze_panes(1, 2)
        adjusted = [
            (place, row, category)
            for place, row, category in self._places()
            if row.annual and row.annual["total"] is not None and float(row.annual["adjustment"])
        ]
        for at, (place, row, category) in enumerate(adjusted, 1):
            for column, text in enumerate((row.code, row.name, category)):
                write_text(sheet, at, column, text)
            for column, (there, name) in enumerate(((7, "base"), (8, "adjustment"), (TOTAL_COLUMN, "total")), 3):
                cell = f"'{self.year_sheet}'!{xl_rowcol_to_cell(place, there)}"
                sheet.write_formula(at, column, f"={cell}", self.two, float(row.annual[name]))
        if not adjusted:
            none = (
                gettext("No unit has a bonus or deduction in this publication.")
                if self.table.has_year
                else gettext("Bonus and deduction belong to the year; this publication is of one round.")
            )
            write_text(sheet, 1, 0, none)

    def write_rectification(self) -> None:
        """Publications hold figures of the survey and the year; of rectification they hold nothing, which the sheet says."""
        sheet = self._sheet(gettext("Rectification"), (90,))
        write_text(sheet, 0, 0, gettext("Rectification"), self.head)
        write_text(
            sheet,
            1,
            0,
            gettext("This publication holds no notices of rectification: they are written after the results are out."),
            self.wrap,
        )

    def set_print_areas(self) -> None:
        """Every sheet prints what it holds, across the page's width, its heads on every page."""
        for sheet in self.book.worksheets():
            sheet.print_area(0, 0, max(0, sheet.dim_rowmax or 0), max(0, sheet.dim_colmax or 0))

    def _places(self, first: int = FIRST_ROW) -> Iterator[tuple[int, ScoreRow, str]]:
        """Every unit with its line and the name of its category."""
        pairs = [(row, category.name) for category in self.table.categories for row in category.rows]
        return ((at, row, name) for at, (row, name) in enumerate(pairs, first))

    def write_indicators(self) -> None:
        """Means of the scored indicators with their weights, then of the auxiliary ones."""
        items = [*self.table.scored, *self.table.auxiliary]
        sheet = self._sheet(self.indicator_sheet, (14, 28, 20, *(14 for _ in items)))
        heads = [gettext("Code"), gettext("Unit"), gettext("Category")]
        heads += [f"{item['code']} {item['name'][self.table.language]}" for item in items]
        write_heads(sheet, heads, self.head)
        write_text(sheet, WEIGHT_ROW, 1, gettext("Weight"), self.head)
        for offset, item in enumerate(items):
            sheet.write_number(WEIGHT_ROW, FIRST_INDICATOR + offset, item["weight"], self.head)
        sheet.freeze_panes(FIRST_ROW, 2)
        for at, row, category in self._places():
            for column, text in enumerate((row.code, row.name, category)):
                write_text(sheet, at, column, text)
            for offset, item in enumerate(items):
                write_number(sheet, at, FIRST_INDICATOR + offset, row.mean(item["code"]), self.six)

    def write_fieldwork(self) -> None:
        """Final outcomes of all released cases and their rates."""
        sheet = self._sheet(gettext("Conduct of fieldwork"), (12, 52, 12))
        write_heads(sheet, [gettext("Code"), gettext("Outcome"), gettext("Cases")], self.head)
        sheet.freeze_panes(1, 0)
        at = 1
        for code, count in self.disclosure["outcomes"].items():
            if code:
                write_text(sheet, at, 0, code)
                write_text(sheet, at, 1, words.name_in_language(find_outcome(code)))
                sheet.write_number(at, 2, count)
                at += 1
        for name, value in self.disclosure["rates"].items():
            at += 1
            write_text(sheet, at, 1, str(words.AAPOR_RATES[name]))
            write_number(sheet, at, 2, value, self.percent)

    def write_method(self) -> None:
        """How the figures came about: what the method page says."""
        sheet = self._sheet(gettext("Method"), (34, 100, 12, 12))
        formats = MethodFormats(self.head, self.wrap, self.percent)
        write_method(sheet, describe_method(self.disclosure, self.configuration), formats)

    def write_revisions(self) -> None:
        """Every publication of the round with its reason."""
        sheet = self._sheet(gettext("Revisions"), (12, 90))
        write_heads(sheet, [gettext("Revision"), gettext("Reason")], self.head)
        for at, item in enumerate(self.disclosure["revisions"], 1):
            sheet.write_number(at, 0, item["revision"])
            write_text(sheet, at, 1, gettext(item["reason"]), self.wrap)

    def _sheet(self, name: str, widths: Sequence[int]):
        sheet = self.book.add_worksheet(name)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        if len(widths) > PORTRAIT_COLUMNS:
            sheet.set_landscape()
            sheet.repeat_rows(0)
        sheet.set_footer("&L&A&R&P / &N")
        return sheet

    def _pairs(self, sheet, lines: Sequence[tuple[str, str]], first: int) -> None:
        for at, (label, text) in enumerate(lines, first):
            write_text(sheet, at, 0, label, self.head)
            write_text(sheet, at, 1, text, self.wrap)
