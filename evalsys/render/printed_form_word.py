"""A printed form as a Word document, for offices that set their own forms."""

from __future__ import annotations

import io

from evalsys.render.printed_form import Item, PrintedForm

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LATIN, EAST_ASIAN = "Noto Sans", "Noto Sans CJK SC"
_BLANK = "＿" * 12


def write_form_word(form: PrintedForm) -> bytes:
    """The form, .docx; Chinese is set in a Chinese face whatever the reader's own default is."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt

    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(20)
    for name in ("Normal", "Title", "Heading 1", "Heading 2"):
        set_face(document.styles[name])
    document.styles["Normal"].font.size = Pt(11)
    document.core_properties.title = form.title
    document.core_properties.language = "zh-CN" if form.language == "zh" else "en"
    colon = "：" if form.language == "zh" else ": "
    serial = document.add_paragraph(f"{form.words['serial']}{colon}{form.serial or _BLANK}")
    serial.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    table = document.add_table(rows=0, cols=2)
    for name, value in form.head:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = name, value or _BLANK
    document.add_heading(form.title, level=1).alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.add_paragraph().add_run(form.about).bold = True
    for text in (form.introduction, form.privacy, form.how):
        document.add_paragraph(text)
    for item in form.items:
        _add_item(document, item)
    document.add_paragraph(form.thanks)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _add_item(document, item: Item) -> None:
    title = " ".join(filter(None, (f"{item.number}." if item.number else "", item.text, item.hint)))
    document.add_heading(title, level=2)
    for choice in item.choices:
        document.add_paragraph(f"☐ {choice.label}" + (f"  → {choice.then}" if choice.then else ""))
    for _ in range(item.lines):
        document.add_paragraph("＿" * 36)
    for text in item.then:
        document.add_paragraph(f"→ {text}")


def set_face(style) -> None:
    """Without ``w:eastAsia`` Word sets Chinese in whatever face the machine has."""
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    style.font.name = LATIN
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        if fonts.get(qn(name)) is not None:
            del fonts.attrib[qn(name)]
    fonts.set(qn("w:eastAsia"), EAST_ASIAN)
    style.font.color.rgb = RGBColor(0, 0, 0)
