"""Text in pictures against what lies behind it, reckoned from the pixels of a real browser, in light and dark."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_every_text_of_a_picture_has_enough_contrast(browser, contrast, saved_section, tmp_path, scheme, width):
    told = contrast.contrasts(browser.pictures(saved_section, tmp_path, width=width, scheme=scheme))
    assert len(told) > 100
    assert [t for t in told if not t.enough] == []


def test_the_check_finds_what_cannot_be_read(browser, contrast, tmp_path):
    """Pale on white, dark on dark, half on a bar, let through, behind a shape; a halo and a crossing line save the rest."""
    texts = (
        ("pale", 20, "#a0a0a0", ""),
        ("fine", 60, "#333333", ""),
        ("on dark", 100, "#333333", ""),
        ("half on a bar", 140, "#333333", ""),
        ("let through", 180, "#333333", 'opacity="0.4"'),
        ("hidden", 220, "#000000", ""),
        ("with halo on dark", 260, "#333333", 'stroke="#ffffff" stroke-width="5" paint-order="stroke"'),
        ("crossed", 300, "#333333", ""),
    )
    written = "".join(
        f'<text x="10" y="{y}" font-size="16" fill="{fill}" {more}>{t}</text>' for t, y, fill, more in texts
    )
    page = tmp_path / "bad.html"
    page.write_text(
        '<html><body style="background:#fff"><svg viewBox="0 0 300 330" width="300" height="330">'
        '<rect x="0" y="80" width="300" height="30" fill="#111"/><rect x="0" y="120" width="60" height="30" fill="#222"/>'
        '<rect x="0" y="240" width="300" height="30" fill="#111"/><path d="M40.5 285V305" stroke="#555"/>'
        f'{written}<rect x="0" y="205" width="300" height="20" fill="#eee"/></svg></body></html>',
        encoding="utf-8",
    )
    told = {t.text: t for t in contrast.contrasts(browser.pictures(page, tmp_path, width=400, scheme="light"))}
    assert {name for name, t in told.items() if not t.enough} == {
        "pale",
        "on dark",
        "half on a bar",
        "let through",
        "hidden",
    }
    assert told["pale"].contrast == pytest.approx(2.61, abs=0.02)
    assert told["fine"].contrast == pytest.approx(12.63, abs=0.02)
    assert told["hidden"].n_pixels == 0
