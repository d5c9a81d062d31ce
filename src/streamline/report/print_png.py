"""A printed picture as PNG, for a document that can't be trusted to draw SVG: the same letters and lines as in the PDF."""

from __future__ import annotations

import tempfile

from streamline.report.lettering import font_folder

#: Dots an inch: sharp on paper.
DOTS = 220.0
#: A page as large as the picture, which comes as data and is never read as markup.
_PAGE = b"""#set page(width: float(sys.inputs.width) * 1pt, height: auto, margin: 0pt, fill: white)
#set text(font: "DejaVu Sans", fallback: false)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%)
"""


def svg_png(svg: str, *, width: float, dots: float = DOTS) -> bytes:
    """An SVG drawn by us as a PNG file; the same picture gives the same bytes.

    width : how wide it comes on paper, in points; its height follows. dots : dots an inch.
    Letters are DejaVu Sans; what that lacks must have been replaced (see `Letters.known`).
    """
    import typst

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[font_folder()])
    with tempfile.TemporaryDirectory() as nothing:  # the page can read no file: its root is an empty folder
        compiler = typst.Compiler(
            _PAGE,
            root=nothing,
            font_paths=fonts,
            ignore_system_fonts=True,
            sys_inputs={"svg": svg, "width": f"{width:.2f}"},
        )
        file = compiler.compile(format="png", ppi=dots)
    assert isinstance(file, bytes), "one page comes as one picture"
    return file
