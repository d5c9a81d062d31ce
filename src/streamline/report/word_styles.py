"""The styles and pages of a Word document: those of an agency's template, with what it lacks, or plain ones of ours.

A document that Word wrote holds only the styles that were used in it: a template may lack a heading, a list or a
caption. Each style that the section needs and the template lacks is added, in the template's own typeface; those that it
has are left as they are.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

from streamline.errors import OutputError
from streamline.report.word_parts import element

#: Ink of headings and links on white: at least 7 to 1.
BLUE = "1F3A5F"
#: Ink and wash of cautions; rules of tables.
_AMBER, _PALE, _RULE, _WASH = "8A4B00", "FFF6E0", "9AA5B1", "EEF2F6"
CAUTION, CAPTION, KEY, NOTE, TABLE = "Caution", "Caption", "Key Figure", "Table Note", "Section Table"
BULLET = "List Bullet"
HEADINGS = ("Heading 1", "Heading 2", "Heading 3")
#: Paragraph styles: points of letters, bold, points above, points below, and whether the next paragraph stays with it.
_PARAGRAPHS = {
    "Title": (24.0, True, 0.0, 6.0, False),
    "Subtitle": (13.0, False, 0.0, 6.0, False),
    "Heading 1": (17.0, True, 20.0, 6.0, True),
    "Heading 2": (13.0, True, 16.0, 4.0, True),
    "Heading 3": (11.5, True, 12.0, 4.0, True),
    BULLET: (0.0, False, 0.0, 4.0, False),
    CAPTION: (10.0, True, 12.0, 4.0, True),
    CAUTION: (0.0, False, 8.0, 10.0, False),
    KEY: (0.0, False, 0.0, 4.0, False),
    NOTE: (9.0, False, 3.0, 12.0, False),
}
_INCH = 72.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Width and height of the text on the page that is written to, and on the same page on its side, in points."""

    width: float
    height: float
    turned_width: float
    turned_height: float


def opened(template: bytes | None, *, name: str = "The template") -> Any:
    """An empty document with the styles, margins, header and footer of the template, and the styles that the section needs.

    Raises OutputError when the template isn't a Word document.
    """
    from docx import Document
    from docx.opc.exceptions import OpcError, PackageNotFoundError
    from docx.shared import Pt

    if template is None:
        document = Document()
        _without_thumbnail(document)
        page = document.sections[0]
        page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Pt(_INCH)
        _styled(document, plain=True)
        return document
    try:
        document = Document(io.BytesIO(template))
        body = document.element.body
        for child in list(body):
            if not child.tag.endswith("}sectPr"):
                body.remove(child)
        _whole_page(document)
        _styled(document, plain=False)
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError, OSError) as error:
        raise OutputError(f"{name} isn't a Word document (.docx); save it as one in Word, or leave it out.") from error
    except (OpcError, SyntaxError, AttributeError, IndexError, TypeError) as error:  # its parts don't hold together
        raise OutputError(
            f"{name} can't be read as a Word document ({type(error).__name__}); open it in Word, save it again as .docx, "
            "or leave it out."
        ) from error
    return document


def check_template(template: bytes, *, name: str) -> None:
    """Refuse a template that isn't a Word document. Raises OutputError."""
    opened(template, name=name)


def room(document: Any) -> Room:
    """How much the last page of the document holds."""
    page = document.sections[-1]
    wide, tall = page.page_width.pt, page.page_height.pt
    beside = page.left_margin.pt + page.right_margin.pt + page.gutter.pt
    above = page.top_margin.pt + page.bottom_margin.pt
    return Room(width=wide - beside, height=tall - above, turned_width=tall - beside, turned_height=wide - above)


def in_language(document: Any, language: str) -> None:
    """Name the language of the whole text."""
    styles = document.styles.element
    place = styles
    for tag in ("w:docDefaults", "w:rPrDefault", "w:rPr"):
        found = place.find(_qn(tag))
        if found is None:
            found = element(tag)
            place.insert(0, found)
        place = found
    mark = place.find(_qn("w:lang"))
    if mark is None:
        mark = element("w:lang")
        place.append(mark)
    mark.set(_qn("w:val"), language)


def _styled(document: Any, *, plain: bool) -> None:
    """Add what is lacking; make the plain document's pale blue dark."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt, RGBColor

    styles = document.styles
    names = {s.name for s in styles}
    normal = styles.default(WD_STYLE_TYPE.PARAGRAPH)
    if plain:
        normal.font.name, normal.font.size = "Calibri", Pt(11)
    for name, (size, bold, above, below, stays) in _PARAGRAPHS.items():
        if name in names and not (plain and name != BULLET):
            continue
        style = styles[name] if name in names else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        if name not in names:
            style.base_style, style.next_paragraph_style, style.quick_style = normal, normal, True
        if size:
            style.font.size = Pt(size)
        style.font.bold = bold
        look = style.paragraph_format
        look.space_before, look.space_after, look.keep_with_next = Pt(above), Pt(below), stays or None
        if name in HEADINGS and name not in names:
            _ranked(style, HEADINGS.index(name))
        if name == BULLET and name not in names:
            _bulleted(document, style)
        if name == CAUTION and name not in names:
            _framed(style)
    if plain:
        for name in ("Title", "Subtitle", *HEADINGS, CAPTION):
            font = styles[name].font
            font.color.rgb, font.italic = RGBColor.from_string(BLUE), False
    if TABLE not in names:
        styles.element.append(_table_style())


def _ranked(style: Any, level: int) -> None:
    """Make a style a heading of a level from 0: it comes into the contents and the navigation pane."""
    style.element.get_or_add_pPr().append(element("w:outlineLvl", val=str(level)))


def _framed(style: Any) -> None:
    """A caution's frame: thick on the left, thin around, on a pale ground."""
    properties = style.element.get_or_add_pPr()
    border = element("w:pBdr")
    for side, thick in (("top", "4"), ("left", "24"), ("bottom", "4"), ("right", "4")):
        border.append(element(f"w:{side}", val="single", sz=thick, space="6", color=_AMBER))
    shade = element("w:shd", val="clear", color="auto", fill=_PALE)
    indent = element("w:ind", left="200", right="140")
    spacing = properties.find(_qn("w:spacing"))
    place = len(properties) if spacing is None else list(properties).index(spacing)
    properties.insert(place, border)
    properties.insert(place + 1, shade)
    properties.append(indent)


def _bulleted(document: Any, style: Any) -> None:
    """Make a style a list with bullets: a real list, which a screen reader announces."""
    numbering = _numbering(document)
    taken = [int(a.get(_qn("w:abstractNumId"))) for a in numbering.findall(_qn("w:abstractNum"))]
    numbers = [int(n.get(_qn("w:numId"))) for n in numbering.findall(_qn("w:num"))]
    abstract, number = str(max(taken, default=-1) + 1), str(max(numbers, default=0) + 1)
    form = element("w:abstractNum", abstractNumId=abstract)
    level = element("w:lvl", ilvl="0")
    level.append(element("w:start", val="1"))
    level.append(element("w:numFmt", val="bullet"))
    level.append(element("w:lvlText", val="\u2022"))
    level.append(element("w:lvlJc", val="left"))
    place = element("w:pPr")
    place.append(element("w:ind", left="360", hanging="260"))
    level.append(place)
    form.append(element("w:multiLevelType", val="hybridMultilevel"))
    form.append(level)
    use = element("w:num", numId=number)
    use.append(element("w:abstractNumId", val=abstract))
    first = next((i for i, child in enumerate(numbering) if child.tag == _qn("w:num")), len(numbering))
    numbering.insert(first, form)
    last = max((i for i, child in enumerate(numbering) if child.tag == _qn("w:num")), default=first)
    numbering.insert(last + 1, use)
    properties = style.element.get_or_add_pPr()
    kind = element("w:numPr")
    kind.append(element("w:numId", val=number))
    spacing = properties.find(_qn("w:spacing"))
    properties.insert(len(properties) if spacing is None else list(properties).index(spacing), kind)


def _numbering(document: Any) -> Any:
    """The lists of a document; an empty set where it has none."""
    from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.oxml.ns import nsdecls
    from docx.parts.numbering import NumberingPart

    try:
        return document.part.part_related_by(RELATIONSHIP_TYPE.NUMBERING).element
    except KeyError:
        blob = f"<w:numbering {nsdecls('w')}/>".encode()
        uri = PackURI("/word/numbering.xml")
        part = NumberingPart.load(uri, CONTENT_TYPE.WML_NUMBERING, blob, document.part.package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.NUMBERING)
        return part.element


def _table_style() -> Any:
    """Tables of the section: thin rules between rows, a shaded heading row."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    def rule(side: str, thick: int) -> str:
        return f'<w:{side} w:val="single" w:sz="{thick}" w:space="0" w:color="{_RULE}"/>'

    return parse_xml(
        f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="SectionTable"><w:name w:val="{TABLE}"/>'
        '<w:pPr><w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/></w:pPr>'
        f"<w:tblPr><w:tblBorders>{rule('top', 8)}{rule('bottom', 8)}{rule('insideH', 4)}</w:tblBorders>"
        '<w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:bCs/></w:rPr><w:tcPr>'
        f'<w:shd w:val="clear" w:color="auto" w:fill="{_WASH}"/></w:tcPr></w:tblStylePr></w:style>'
    )


def _whole_page(document: Any) -> None:
    """Give a template that names no size or margins of its page those of US Letter and an inch."""
    from docx.shared import Pt

    if not document.sections:
        document.element.body.append(element("w:sectPr"))
    page = document.sections[-1]
    if page.page_width is None or page.page_height is None:
        page.page_width, page.page_height = Pt(8.5 * _INCH), Pt(11 * _INCH)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        if getattr(page, side) is None:
            setattr(page, side, Pt(_INCH))
    if page.gutter is None:
        page.gutter = Pt(0)


def _without_thumbnail(document: Any) -> None:
    """Take the picture of another document out of the package."""
    package = document.part.package
    for key, link in list(package.rels.items()):
        if link.reltype.endswith("/thumbnail"):
            del package.rels[key]


def _qn(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(name))
