"""Forms of the designer."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    MultipleFileField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Regexp, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from evalsys.render.words import KINDS

NEEDED = _l("Fill this in.")
#: the choice of a round that the configuration does not plan
UNPLANNED = "-"


class UnitForm(FlaskForm):
    """What can be changed of a unit."""

    name_zh = StringField(_l("Chinese name"), [InputRequired(NEEDED), Length(max=120)])
    name_en = StringField(_l("English name"), [InputRequired(NEEDED), Length(max=200)])
    category = SelectField(_l("Category"))
    is_key = BooleanField(_l("Key unit"))


class ProgrammeForm(FlaskForm):
    """A programme's files, uploaded together."""

    files = MultipleFileField(_l("The programme's TOML and CSV files"))
    reason = StringField(_l("Why this version is made"), [InputRequired(NEEDED), Length(max=200)])

    def validate_files(self, field: MultipleFileField) -> None:
        """At least one file was chosen; which ones are missing is said by the importer."""
        if not any(upload.filename for upload in field.data or ()):
            raise ValidationError(_l("Choose the files."))


class RoundForm(FlaskForm):
    """A round over some units: as the configuration plans it, or typed in."""

    plan = SelectField(_l("Round"))
    frame_supplier = TextAreaField(_l("Who supplies the service records"), [InputRequired(NEEDED), Length(max=500)])
    units = SelectMultipleField(
        _l("Units"),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validators=[InputRequired(_l("Choose the units."))],
    )
    code = StringField(
        _l("Code"), [Length(max=40), Regexp(r"[A-Za-z0-9_.-]*$", message=_l("Only letters, digits, '_', '.' and '-'."))]
    )
    kind = SelectField(_l("Kind"), choices=list(KINDS.items()))
    name_zh = StringField(_l("Chinese name"), [Length(max=120)])
    name_en = StringField(_l("English name"), [Length(max=200)])
    period_from = DateField(_l("Served from"))
    period_until = DateField(_l("Served until"))
    field_from = DateField(_l("Fieldwork from"))
    field_until = DateField(_l("Fieldwork until"))

    def validate(self, extra_validators=None) -> bool:
        """A typed round needs everything that a planned one has."""
        if self.plan.data != UNPLANNED:
            for name in ("period_from", "period_until", "field_from", "field_until"):
                getattr(self, name).process_errors = []
                getattr(self, name).raw_data = []
        valid = super().validate(extra_validators)
        return valid and (self.plan.data != UNPLANNED or self._check_typed())

    def _check_typed(self) -> bool:
        valid = True
        for name in ("code", "name_zh", "name_en", "period_from", "period_until", "field_from", "field_until"):
            if not getattr(self, name).data:
                getattr(self, name).errors = [NEEDED]
                valid = False
        for first, last in ((self.period_from, self.period_until), (self.field_from, self.field_until)):
            if first.data and last.data and last.data < first.data:
                last.errors = [_l("The last day is before the first.")]
                valid = False
        return valid

    def typed_plan(self) -> dict:
        """The typed round as the configuration would write it."""
        days = ("period_from", "period_until", "field_from", "field_until")
        return {
            "code": self.code.data,
            "kind": self.kind.data,
            "covers": "all",
            "name": {"zh": self.name_zh.data, "en": self.name_en.data},
            **{name: getattr(self, name).data.isoformat() for name in days},
        }


class RecordsForm(FlaskForm):
    """A file of service records."""

    file = FileField(_l("CSV or XLSX file of service records"), [FileRequired(_l("Choose a file."))])
    accept_good = BooleanField(_l("Import the good lines although there are bad ones"))


class QuestionnaireForm(FlaskForm):
    """An XLSForm that becomes the next version of a programme's questionnaire."""

    workbook = FileField(_l("XLSForm (Excel)"), [FileRequired(_l("Choose a file."))])
    reason = StringField(_l("Why this version is made"), [InputRequired(NEEDED), Length(max=200)])
