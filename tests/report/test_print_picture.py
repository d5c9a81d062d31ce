"""Pictures on paper: in as few pieces as their letters allow."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from streamline.report.print_picture import _pieces, _scale

SIDES = st.floats(200, 1200)


@given(SIDES, SIDES, SIDES, SIDES)
@example(603.0, 934.0, 852.0, 556.0)  # 934 units at 556 / 934 are 556 and a bit
def test_a_picture_made_to_fit_a_page_is_one_piece(wide, high, width, height):
    """A rounding in its last digit once put a second view of no height on the next page, which showed all of it again."""
    svg = f'<svg viewBox="0 0 {wide:.1f} {high:.1f}"></svg>'
    scale = _scale(svg, width, height, least=0.0, most=0.75)
    assert _pieces(svg, height / scale) == [svg]


@given(SIDES, st.floats(200, 5000), SIDES, SIDES)
@example(200.0, 4659.875, 200.0, 200.0)  # twelve views, each rounded by itself, were a twentieth of a point too long
def test_pieces_show_all_of_a_picture_once(wide, high, width, height):
    svg = f'<svg viewBox="0 0 {wide:.1f} {high:.1f}"></svg>'
    scale = _scale(svg, width, height, least=0.5, most=0.75)
    views = [re.search(r'viewBox="0 ([\d.]+) \S+ ([\d.]+)"', piece) for piece in _pieces(svg, height / scale)]
    tops, heights = [float(v[1]) for v in views], [float(v[2]) for v in views]
    assert tops[0] == 0
    assert abs(sum(heights) - round(high, 1)) < 0.05
    assert min(heights) > 1
    assert max(heights) * scale <= height + 0.2
