"""What a Word document is made of beyond python-docx: fields, content controls, captions, table rows, styles."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from streamline.findings import TAG
from streamline.report.lettering import clean

#: Ink of headings and links on white: at least 7 to 1.
BLUE = "1F3A5F"
CAUTION, CAPTION, KEY, NOTE = "Caution", "Caption", "Key Figure", "Table Note"
#: The oldest date that a zip file can hold: no clock enters the document.
NO_TIME = (1980, 1, 1, 0, 0, 0)


def element(tag: str, **attributes: str) -> Any:
    """An XML element of a document, with attributes of the same namespace: `element("w:tag", val="x")`."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(tag)
    space = tag.split(":", maxsplit=1)[0]
    for name, value in attributes.items():
        made.set(qn(f"{space}:{name}"), value)
    return made


def field(paragraph: Any, instruction: str, shown: str) -> None:
    """A field at the end of a paragraph, with what it shows until Word works it out."""
    run = element("w:fldSimple", instr=instruction)
    inner = element("w:r")
    text = element("w:t")
    text.text = shown
    inner.append(text)
    run.append(inner)
    paragraph._p.append(run)


def control(paragraph: Any, text: str, *, tag: str, title: str, number: int) -> None:
    """A content control at the end of a paragraph, so that its text can be found and renewed by its tag."""
    from docx.oxml.ns import qn

    sdt, properties, content = element("w:sdt"), element("w:sdtPr"), element("w:sdtContent")
    properties.append(element("w:alias", val=title[:TAG]))
    properties.append(element("w:tag", val=tag))
    properties.append(element("w:id", val=str(number)))
    run, words = element("w:r"), element("w:t")
    words.text = clean(text)
    words.set(qn("xml:space"), "preserve")
    run.append(words)
    content.append(run)
    sdt.append(properties)
    sdt.append(content)
    paragraph._p.append(sdt)


def repeated(row: Any) -> None:
    """Mark a row as the table's header, which every page repeats."""
    row._tr.get_or_add_trPr().append(element("w:tblHeader", val="true"))


def whole(row: Any) -> None:
    """Keep a row on one page."""
    row._tr.get_or_add_trPr().append(element("w:cantSplit", val="true"))


def described(shape: Any, *, title: str, words: str) -> None:
    """Give a picture its text alternative."""
    properties = shape._inline.docPr
    properties.set("title", clean(title)[:250])
    properties.set("descr", clean(words))


def styled(document: Any) -> None:
    """Add the styles that the section needs and the template lacks; the plain template's pale blue becomes dark."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt

    styles = document.styles
    names = {s.name for s in styles}
    for name, size, bold in ((CAPTION, 10, True), (CAUTION, 10.5, False), (KEY, 11, False), (NOTE, 9, False)):
        if name not in names:
            style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = styles["Normal"]
            style.font.size, style.font.bold = Pt(size), bold
    caution = styles[CAUTION].element.get_or_add_pPr()
    if caution.find(_qn("w:pBdr")) is None:
        border = element("w:pBdr")
        border.append(element("w:left", val="single", sz="24", space="8", color="8A4B00"))
        caution.insert(0, border)
    styles[CAUTION].paragraph_format.left_indent = Pt(12)
    styles[CAPTION].paragraph_format.keep_with_next = True


def darkened(document: Any) -> None:
    """Headings, title and captions in dark blue: for the plain template, whose blue is too pale to read."""
    from docx.shared import Pt, RGBColor

    for name in ("Title", "Subtitle", "Heading 1", "Heading 2", "Heading 3", CAPTION):
        style = document.styles[name]
        style.font.color.rgb = RGBColor.from_string(BLUE)
        style.font.italic = False
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(11)


def in_language(document: Any, language: str) -> None:
    """Name the language of the whole text."""
    defaults = document.styles.element.find(_qn("w:docDefaults"))
    run = defaults.find(_qn("w:rPrDefault")).find(_qn("w:rPr"))
    found = run.find(_qn("w:lang"))
    if found is None:
        found = element("w:lang")
        run.append(found)
    found.set(_qn("w:val"), language)


def without_clock(file: bytes) -> bytes:
    """The same document with the same bytes whenever it is written: no time of day in its package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(entry, old.read(name))
    return packed.getvalue()


def _qn(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(name))
