"""Forms of the designer."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, MultipleFileField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget


class UnitForm(FlaskForm):
    """What can be changed of a unit."""

    name_zh = StringField(_l("Chinese name"), [InputRequired(), Length(max=120)])
    name_en = StringField(_l("English name"), [InputRequired(), Length(max=200)])
    category = SelectField(_l("Category"))
    is_key = BooleanField(_l("Key unit"))


class ProgrammeForm(FlaskForm):
    """A programme's files, uploaded together."""

    files = MultipleFileField(_l("The programme's TOML and CSV files"))
    reason = StringField(_l("Why this version is made"), [InputRequired(), Length(max=200)])


class RoundForm(FlaskForm):
    """A round, as the configuration plans it, over some units."""

    plan = SelectField(_l("Round"))
    frame_supplier = TextAreaField(_l("Who supplies the service records"), [InputRequired(), Length(max=500)])
    units = SelectMultipleField(
        _l("Units"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), validators=[InputRequired()]
    )


class RecordsForm(FlaskForm):
    """A file of service records."""

    file = FileField(_l("CSV or XLSX file of service records"), [FileRequired()])
    accept_good = BooleanField(_l("Import the good lines although there are bad ones"))
