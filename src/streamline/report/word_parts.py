"""What a Word document is made of beyond python-docx: fields, content controls, table rows, text alternatives."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from streamline.findings import TAG
from streamline.report.lettering import clean

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


def control(paragraph: Any, text: str, *, tag: str, title: str, number: int, bold: bool = False) -> None:
    """A content control at the end of a paragraph, so that its text can be found and renewed by its tag."""
    from docx.oxml.ns import qn

    sdt, properties, content = element("w:sdt"), element("w:sdtPr"), element("w:sdtContent")
    properties.append(element("w:alias", val=title[:TAG]))
    properties.append(element("w:tag", val=tag))
    properties.append(element("w:id", val=str(number)))
    run, words = element("w:r"), element("w:t")
    if bold:
        look = element("w:rPr")
        look.append(element("w:b"))
        run.append(look)
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


def without_clock(file: bytes) -> bytes:
    """The same document with the same bytes whenever it is written: no time of day in its package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(entry, old.read(name))
    return packed.getvalue()
