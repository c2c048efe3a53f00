"""Printed forms as PDF/UA-1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from evalsys.base.errors import Refused
from evalsys.render.printed_form import Item, PrintedForm

PDF = "application/pdf"
FONTS = '"Noto Sans CJK SC", "Noto Sans", sans-serif'
STYLE = f"""
@page {{ size: A4; margin: 18mm 18mm 20mm; font-family: {FONTS}; font-size: 9pt;
  @top-right {{ content: string(serial); }}
  @bottom-center {{ content: counter(page); }} }}
@page form:nth(1 of form) {{ counter-set: page 1; }}
html {{ font-family: {FONTS}; font-size: 11pt; line-height: 1.5; }}
section {{ page: form; break-before: page; }}
.serial {{ string-set: serial content(); text-align: right; font-weight: bold; margin: 0; }}
h1 {{ font-size: 16pt; text-align: center; margin: 4mm 0; }}
dl {{ margin: 0 0 3mm auto; width: 78mm; font-size: 9.5pt; }}
dl div {{ display: flex; }}
dt {{ width: 28mm; }}
dd {{ margin: 0; flex: 1; border-bottom: 0.4pt solid black; min-height: 5mm; }}
.about {{ font-weight: bold; }}
.box {{ border: 0.6pt solid black; padding: 2mm 3mm; }}
.item {{ break-inside: avoid; margin: 4mm 0 0; }}
h2 {{ font-size: 11pt; margin: 0 0 1mm; }}
ul {{ list-style: none; margin: 0; padding: 0 0 0 6mm; }}
.row {{ display: flex; flex-wrap: wrap; }}
.row li {{ margin-right: 8mm; }}
.line {{ border-bottom: 0.4pt solid black; height: 8mm; }}
.then {{ font-style: normal; }}
"""


def write_form_pdf(forms: Sequence[PrintedForm]) -> bytes:
    """The forms in one PDF/UA-1 document, each on pages of its own. All of one language.

    Raises ``Refused`` where the libraries that PDF is made with are missing on this machine.
    """
    try:
        from weasyprint import HTML
    except OSError as error:
        raise Refused(
            "PDF cannot be made on this machine: install the Debian packages libpango-1.0-0, libpangoft2-1.0-0, "
            "libharfbuzz-subset0 and fonts-noto-cjk."
        ) from error
    return HTML(string=str(make_page(forms))).write_pdf(pdf_variant="pdf/ua-1")


def make_page(forms: Sequence[PrintedForm]) -> Markup:
    """The forms as one HTML document, which stands by itself."""
    first = forms[0]
    language = "zh-Hans" if first.language == "zh" else "en"
    body = Markup("").join(_section(form) for form in forms)
    return Markup(
        '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>{}</title><style>{}</style></head><body>{}</body></html>'
    ).format(language, first.title, Markup(STYLE), body)


def _section(form: PrintedForm) -> Markup:
    words = form.words
    head = Markup("").join(Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(name, value) for name, value in form.head)
    serial = f"{words['serial']}{'：' if form.language == 'zh' else ': '}{form.serial or '＿＿＿＿＿＿＿＿'}"
    return Markup(
        '<section><p class="serial">{}</p><dl>{}</dl><h1>{}</h1><p class="about">{}</p>'
        '<div class="box"><p>{}</p><p>{}</p></div><p>{}</p>{}<p>{}</p></section>'
    ).format(
        serial,
        head,
        form.title,
        form.about,
        form.introduction,
        form.privacy,
        form.how,
        Markup("").join(_item(item) for item in form.items),
        form.thanks,
    )


def _item(item: Item) -> Markup:
    title = " ".join(filter(None, (f"{item.number}." if item.number else "", item.text, item.hint)))
    heading = Markup("<h2>{}</h2>").format(title)
    return Markup('<div class="item">{}{}{}{}</div>').format(
        heading, _boxes(item), _lines(item.lines), _paragraphs(item.then)
    )


def _boxes(item: Item) -> Markup:
    if not item.choices:
        return Markup("")
    boxes = Markup("").join(
        Markup("<li>☐ {}{}</li>").format(choice.label, Markup(' <span class="then">→ {}</span>').format(choice.then))
        if choice.then
        else Markup("<li>☐ {}</li>").format(choice.label)
        for choice in item.choices
    )
    inline = not any(choice.then for choice in item.choices) and sum(len(choice.label) for choice in item.choices) < 90
    return Markup('<ul class="{}">{}</ul>').format("row" if inline else "column", boxes)


def _lines(count: int) -> Markup:
    return Markup("").join([Markup('<div class="line"></div>')] * count)


def _paragraphs(texts: Iterable[str]) -> Markup:
    return Markup("").join(Markup("<p>→ {}</p>").format(escape(text)) for text in texts)
