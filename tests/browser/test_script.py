"""What the page does in a real browser: sliders show computed stops, tables sort, maps zoom; and all of it by keyboard."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

ROWS = "[...document.querySelectorAll('#benefits tr[data-row]')].map(r => [...r.querySelectorAll('.num')].map(c => c.innerText))"
FOUND = "[...document.querySelectorAll('#benefits tr[data-row]')].map(r => ({...r.dataset}))"
STEPS = "[...document.querySelectorAll('#steps tbody th')].map(c => c.innerText)"
SORTS = "[...document.querySelectorAll('#steps thead th')].map(c => c.getAttribute('aria-sort'))"
FOCUS = "document.activeElement.id || document.activeElement.textContent"
FRAME = (
    "(f => ({width: Math.round(f.querySelector('svg').getBoundingClientRect().width), height: Math.round("
    "f.getBoundingClientRect().height), left: Math.round(f.scrollLeft), top: Math.round(f.scrollTop), "
    "page: Math.round(scrollY)}))(document.querySelector('.map.scroll'))"
)


def whole(sliders):
    """The rows as the table has them."""
    return [[row[k] for k in (3, 4, 6)] for row in sliders.ROWS]


def test_a_slider_moves_the_rows_of_its_proposal_to_the_findings_of_the_stop(act, moving_page, sliders):
    done = act(
        moving_page, ("read", ROWS), ("focus", "#benefits-slider-1"), ("press", "ArrowLeft"), ("read", ROWS), ("read", FOUND),
        ("texts", ".says"), ("texts", "#benefits .strength"), ("texts", "#benefits-slider-1-changes"),
        ("read", "document.querySelector('#benefits-slider-1').getAttribute('aria-valuetext')"),
    )  # fmt: skip
    before, after, found, says, marks, changes, valuetext = done["read"]
    assert before == whole(sliders)
    for row in (0, 1):
        exact, cells = sliders.FOUND[row, 50]
        assert tuple(after[row]) == cells
        assert tuple(float(found[row][k]) for k in ("value", "low", "high")) == exact
        assert found[row]["finding"] == f"scenario.complete.at_50.measure_{row}"
    assert after[2:] == before[2:], "proposals whose slider didn't move stay"
    assert says == [
        "“Complete at intake” at 50% of its strength saves 50% & more. Everywhere else in this document the estimate is at 100%."
    ]
    assert [m.strip() for m in marks] == ["at 50% of its strength", "", ""]
    assert changes[0].startswith("Prevent 50% of </script><b>returns</b>. In full"), "words of a study stay text"
    assert "In full: Release Approve decision every Monday." in changes[0]
    assert valuetext == "50% of its strength"
    assert done["requests"] == done["console"] == []


def test_a_slider_stands_at_computed_stops_only(act, moving_page, sliders):
    steps = [("focus", "#benefits-slider-2")]
    for _ in range(3):
        steps += [("read", ROWS), ("press", "ArrowLeft")]
    steps += [("read", ROWS), ("press", "End"), ("read", ROWS)]
    read = [rows[2] for rows in act(moving_page, *steps)["read"]]
    cells = {p: list(sliders.FOUND[2, p][1]) for p in (25, 50, 100)}
    assert read == [cells[100], cells[50], cells[25], cells[25], cells[100]]


def test_a_proposal_that_is_made_or_not_made_has_no_slider_and_says_so(act, moving_page):
    texts, inputs = act(
        moving_page, ("texts", ".slider:not(:has(input))"), ("read", "document.querySelectorAll('input').length")
    )["read"]
    assert texts == ["No slider: Friday stays Friday."]
    assert inputs == 2


def test_reset_puts_all_back_and_says_so(act, moving_page, sliders):
    done = act(
        moving_page, ("read", "document.querySelector('.reset').disabled"), ("focus", "#benefits-slider-1"), ("press", "Home"),
        ("focus", "#benefits-slider-2"), ("press", "Home"), ("click", ".reset"), ("read", ROWS), ("texts", ".says"),
        ("read", "document.querySelector('.reset').disabled"), ("read", FOCUS),
    )  # fmt: skip
    assert done["read"] == [
        True, whole(sliders), ["All proposals stand at 100% of their strength, as everywhere else in this document."], True,
        "benefits-slider-1",
    ]  # fmt: skip


def test_paper_shows_the_whole_strength_and_no_panel(act, moving_page, sliders):
    done = act(
        moving_page, ("focus", "#benefits-slider-1"), ("press", "Home"), ("media", "print"),
        ("read", "dispatchEvent(new Event('beforeprint'))"), ("read", ROWS),
        ("read", "document.querySelector('.what-if').getClientRects().length"),
        ("read", "dispatchEvent(new Event('afterprint'))"), ("read", ROWS),
    )["read"]  # fmt: skip
    assert done[1] == whole(sliders)
    assert done[2] == 0
    assert tuple(done[4][0]) == sliders.FOUND[0, 50][1]


def test_without_script_there_is_no_panel_no_button_and_the_whole_strength(act, moving_page, sliders):
    rows = "#benefits tr[data-row] .num"
    done = act(
        moving_page, ("texts", "input"), ("texts", "button"), ("texts", ".what-if"), ("texts", rows),
        ("texts", "#steps tbody th"), script=False,
    )  # fmt: skip
    inputs, buttons, panels, numbers, steps = done["read"]
    assert inputs == buttons == panels == []
    assert numbers == [cell for row in whole(sliders) for cell in row]
    assert steps == [row[0] for row in sliders.SORTED.rows]
    assert done["requests"] == done["console"] == []


def test_numbers_sort_by_what_they_were_rounded_from_and_the_missing_comes_last(act, moving_page):
    waits = "#steps thead th:nth-child(2) button"
    steps = [("click", waits), ("read", STEPS), ("read", SORTS)] * 3
    up, sorts_up, down, sorts_down, back, sorts_back = act(moving_page, *steps)["read"]
    assert up == ["Gamma", "Delta", "Alpha", "Beta 10", "Beta 9"], "8.28 before 8.32, though both are written 8.3"
    assert down == ["Beta 10", "Alpha", "Delta", "Gamma", "Beta 9"]
    assert back == ["Beta 10", "Alpha", "Beta 9", "Gamma", "Delta"]
    assert (sorts_up, sorts_down, sorts_back) == ([None, "ascending", None], [None, "descending", None], [None] * 3)


def test_words_sort_as_people_count(act, moving_page):
    done = act(moving_page, ("click", "#steps thead th:first-child button"), ("read", STEPS))
    assert done["read"] == [["Alpha", "Beta 9", "Beta 10", "Delta", "Gamma"]]


def test_the_map_zooms_in_its_frame_and_resets(act, moving_page):
    zoom_in, right, reset = (f".zoom button[title='{name}']" for name in ("Zoom in", "Move right", "Reset the map"))
    first, big, moved, again = act(
        moving_page, ("read", FRAME), ("click", zoom_in), ("click", zoom_in), ("read", FRAME), ("click", right), ("read", FRAME),
        ("click", reset), ("read", FRAME),
    )["read"]  # fmt: skip
    assert big["width"] == pytest.approx(first["width"] * 1.25**2, abs=2)
    assert big["height"] == first["height"], "the page below doesn't jump"
    assert moved["left"] > big["left"]
    assert {k: again[k] for k in ("width", "height", "top")} == {k: first[k] for k in ("width", "height", "top")}


def test_the_wheel_moves_the_page_over_a_zoomed_map_and_zooms_with_control(act, moving_page):
    frame = ".map.scroll"
    zoom_in = ".zoom button[title='Zoom in']"
    before, after, held = act(
        moving_page, ("click", zoom_in), ("click", zoom_in), ("over", frame), ("read", FRAME), ("wheel", 120), ("read", FRAME),
        ("hold", "Control"), ("wheel", -120), ("leave", "Control"), ("read", FRAME),
    )["read"]  # fmt: skip
    assert after["page"] > before["page"]
    assert (after["top"], after["width"]) == (before["top"], before["width"])
    assert held["width"] > after["width"]
    assert held["page"] == after["page"]


def test_everything_works_by_keyboard_alone(act, moving_page, sliders):
    """Tab through the page: every control is reached in the order of reading, none holds the focus, and each acts."""
    stops = [("press", "Tab"), ("read", FOCUS)] * 24
    reached = act(moving_page, *stops)["read"]
    named = [r if len(r) < 40 else "region" for r in reached]
    signs = ["Zoom out", "Zoom in", "Move left", "Move right", "Move up", "Move down", "Reset the map"]
    order = [*signs, "Mean wait, days", "Cases", "benefits-slider-1", "benefits-slider-2"]
    places = [named.index(name) for name in order]
    assert places == sorted(places)
    assert "tables/scenarios.csv" in named, "the focus leaves the table with sliders"
    done = act(
        moving_page, ("focus", "#steps thead th:nth-child(2) button"), ("press", "Enter"), ("read", STEPS), ("press", "Space"),
        ("read", STEPS), ("focus", ".map.scroll"), ("read", FRAME), ("press", "+"), ("press", "+"), ("read", FRAME),
        ("press", "ArrowRight"), ("press", "ArrowDown"), ("read", FRAME), ("press", "0"), ("read", FRAME),
    )["read"]  # fmt: skip
    up, down, first, big, moved, again = done
    assert (up[0], down[0]) == ("Gamma", "Beta 10")
    assert big["width"] > first["width"]
    assert moved["left"] > big["left"]
    assert moved["top"] > big["top"]
    assert again["width"] == first["width"]
    whole_again = act(
        moving_page,
        ("focus", "#benefits-slider-1"),
        ("press", "Home"),
        ("focus", ".reset"),
        ("press", "Enter"),
        ("read", ROWS),
    )
    assert whole_again["read"] == [whole(sliders)]


def test_an_arrow_key_moves_the_page_where_the_map_is_at_its_edge(act, moving_page):
    before, after = act(
        moving_page, ("focus", ".map.scroll"), ("read", FRAME), ("press", "ArrowDown"),
        ("read", "new Promise(r => setTimeout(r, 300))"), ("read", FRAME),
    )["read"][::2]  # fmt: skip
    assert after["page"] > before["page"]


def test_a_table_wider_than_the_screen_says_so(act, saved_section):
    said = (
        "[...document.querySelectorAll('.table')].map(t => [(f => f.scrollWidth > f.clientWidth + 1)(t.querySelector('.scroll')),"
        " t.querySelector('.wider').getClientRects().length > 0])"
    )
    narrow, wide = (act(saved_section, ("read", said), width=width)["read"][0] for width in (320, 1280))
    for view in (narrow, wide):
        assert [wider for wider, _ in view] == [told for _, told in view]
    assert any(wider for wider, _ in narrow)


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_the_panel_and_the_rows_fit_every_width(act, moving_page, width):
    wide = "(e => e.scrollWidth <= e.clientWidth)"
    page, table, panel = act(
        moving_page, ("read", f"{wide}(document.documentElement)"),
        ("read", f"{wide}(document.querySelector('#benefits .scroll'))"),
        ("read", f"{wide}(document.querySelector('.what-if'))"), width=width,
    )["read"]  # fmt: skip
    assert page
    assert table
    assert panel


def test_axe_finds_nothing_on_a_page_with_controls(check_page, moving_page):
    report = check_page(moving_page)
    assert report["violations"] == []
    assert report["requests"] == []
    assert report["console"] == []
