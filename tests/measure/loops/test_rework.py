"""Loops by hand."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import BarChart
from streamline.log.calendar import Calendar
from streamline.measure.loops.rework import known_family, loop_occurrences, rework_loops

#: a: Intake, Ask, Intake again, Decide. b: Review thrice at once. c: no loop. One line a step: done at that hour.
THREE = [
    ("a", "Intake", 8, 9), ("a", "Ask", 9, 10), ("a", "Intake", 14, 15), ("a", "Decide", 15, 16),
    ("b", "Intake", 8, 9), ("b", "Review", 10, 11), ("b", "Review", 12, 13), ("b", "Review", 15, 16),
    ("c", "Intake", 8, 9), ("c", "Review", 9, 12), ("c", "Decide", 12, 13),
]  # fmt: skip


def test_three_cases_by_hand(log_of) -> None:
    """a: back to Intake after Ask, from 9 to 15: 6 hours. b: Review repeated at once, from 11 to 13 and 13 to 16: 2
    occurrences, 5 hours. 11 hours over three cases; two cases of three loop. Staff: Ask 1 + Intake 1, Reviews 1 + 1."""
    got = rework_loops(log_of(THREE), calendar=Calendar(hours={"mon-fri": "08:00-17:00"}))
    assert got.table["loop"].tolist() == ["back to Intake after Ask", "Review repeated at once"]
    assert got.table["n_occurrences"].tolist() == [1, 2]
    assert got.table["n_cases"].tolist() == [1, 1]
    assert got.table["days_per_case"].tolist() == pytest.approx([6 / 72, 5 / 72])
    assert got.table["days_per_occurrence"].tolist() == pytest.approx([6 / 24, 2.5 / 24])
    assert got.table["staff_hours_per_case"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert got.table["most_frequent"].tolist() == ["Ask → Intake", "Review"]
    assert got.cases_share.value == pytest.approx(2 / 3)
    assert got.days_per_case.value == pytest.approx(11 / 72)
    assert got.first_pass_yield == pytest.approx(1 / 3)
    assert got.cases["days"].tolist() == pytest.approx([6 / 24, 2 / 24, 3 / 24])
    assert got.cases["leaving"].tolist() == ["Ask", "Review", "Review"]


def test_nested_loops_by_hand(log_of) -> None:
    """a b c b d a e, one an hour. First (c, b), back to b after c: from 1 to 3, 2 hours. Then (b, d, a), back to a after
    b: b took 1, d 1, a 1: 3 hours, without the 2 that belong to the inner loop. First pass: a 0 and e 1 hour. 6 in all."""
    got = rework_loops(log_of([("k", name, None, i) for i, name in enumerate("abcbdae")]))
    assert got.cases["loop"].tolist() == ["back to b after c", "back to a after b"]
    assert got.cases["signature"].tolist() == ["c → b", "b → d → a"]
    assert (got.cases["days"] * 24).tolist() == pytest.approx([2, 3])
    first_pass = got.occurrences.time[got.occurrences.loop < 0]
    assert first_pass.sum() == 3_600_000_000


def test_ping_pong_by_hand(log_of) -> None:
    """x y x y x: back to x after y, twice; the second y is first-pass no more than the first: each leaves with its x."""
    got = rework_loops(log_of([("k", name, None, i) for i, name in enumerate("xyxyx")]))
    assert got.table[["loop", "n_occurrences", "n_cases"]].to_numpy().tolist() == [["back to x after y", 2, 1]]
    assert got.cases["signature"].tolist() == ["y → x", "y → x"]


def test_matching_picks_occurrences(log_of) -> None:
    found = loop_occurrences(log_of(THREE))
    assert found.matching(to="Intake").tolist() == [True, False, False]
    assert found.matching(leaving="Review").tolist() == [False, True, True]
    assert found.matching(through="Ask").tolist() == [True, False, False]
    assert found.matching(to="Review", through="Ask").tolist() == [False, False, False]
    assert found.matching().all()
    with pytest.raises(UnknownNameError, match="Did you mean 'Review'"):
        found.matching(to="Revew")


def test_staff_hours_need_starts_and_hours(log_of) -> None:
    hours = Calendar(hours={"mon-fri": "08:00-17:00"})
    assert rework_loops(log_of(THREE)).table["staff_hours_per_case"].isna().all()
    completions = log_of([(c, a, None, done) for c, a, _, done in THREE])
    assert rework_loops(completions, calendar=hours).table["staff_hours_per_case"].isna().all()


def test_loops_of_open_cases_are_not_told(log_of) -> None:
    got = rework_loops(log_of(THREE, ends=["Decide"]))
    assert got.table["loop"].tolist() == ["back to Intake after Ask"]
    assert (got.n, dict(got.excluded)) == (2, {"open": 1})
    assert got.days_per_case.value == pytest.approx(6 / 48)


def test_a_log_without_loops(log_of) -> None:
    got = rework_loops(log_of([("a", "x", 0, 1), ("b", "x", 0, 1), ("b", "y", 1, 2)]))
    assert got.table.empty
    assert got.first_pass_yield == 1
    assert (got.cases_share.value, got.days_per_case.value) == (0, 0)
    assert isinstance(got.chart(), BarChart)
    assert got.bar_table().labels == ()
    assert got.distribution["n_cases"].tolist() == [2]
    assert got.return_edges.empty


def test_families_with_the_same_words_stay_apart(log_of) -> None:
    """ "back to x after y after z" can be read in two ways; the figures of the two families don't mix."""
    first = ["x after y", "z", "x after y"]
    second = ["x", "y after z", "x"]
    rows = [(case, name, None, 10 * i) for case in "ab" for i, name in enumerate(first)]
    rows += [("c", name, None, i) for i, name in enumerate(second)]
    got = rework_loops(log_of(rows), draws=200)
    assert got.table["loop"].tolist() == ["back to x after y after z"] * 2
    assert got.table["cases_share"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert (got.table["cases_share_low"] <= got.table["cases_share"]).all()
    assert (got.table["cases_share_high"] >= got.table["cases_share"]).all()
    assert got.table["days_per_case_high"].iloc[0] > got.table["days_per_case_high"].iloc[1]


def test_only_the_largest_families_have_intervals(log_of) -> None:
    """33 families, each back to its own activity: the 30 with most days have intervals, in the right rows."""
    rows = []
    for k in range(33):
        rows += [(f"{k:02}", f"do {k:02}", None, 0), (f"{k:02}", f"do {k:02}", None, k + 1)]
    table = rework_loops(log_of(rows), draws=300).table
    assert table["loop"].iloc[0] == "do 32 repeated at once"
    assert table["days_per_case_high"].notna().tolist() == [True] * 30 + [False] * 3
    inside = table.head(30)
    assert (inside["days_per_case_high"] > inside["days_per_case"]).all()
    assert np.corrcoef(inside["days_per_case_high"], inside["days_per_case"])[0, 1] > 0.8


def test_ties_are_said(log_of) -> None:
    got = rework_loops(log_of([("a", "x", None, 0), ("a", "y", None, 0), ("a", "x", None, 0), ("b", "x", None, 0)]))
    assert any(c.startswith("75% of the steps have the same times") for c in got.caveats)


def test_a_family_by_its_words(log_of) -> None:
    table = rework_loops(log_of(THREE)).table
    assert known_family(table, "Review repeated at once")["n_occurrences"] == 2
    with pytest.raises(UnknownNameError, match="has no loop 'back to Intak after Ask'"):
        known_family(table, "back to Intak after Ask")


def test_nothing_closed_is_refused(log_of) -> None:
    log = log_of(THREE, ends=["Decide"])
    with pytest.raises(InsufficientDataError, match="loops are told of closed cases"):
        rework_loops(log.select(~log.closed, because="open ones"))


def test_the_chart_has_the_intervals(log_of) -> None:
    got = rework_loops(log_of(THREE))
    chart = got.chart()
    assert isinstance(chart, BarChart)
    assert [(b.label, b.value, b.low, b.high) for b in chart.bars] == [
        (r.loop, r.days_per_case, r.days_per_case_low, r.days_per_case_high) for r in got.table.itertuples()
    ]
    assert chart.title == "Loops take 0.15 days per case"


def test_per_year_and_the_price(log_of) -> None:
    """Four cases arriving over 30 days are 48.7 a year; one of them loops for 6 hours, 2 of them staff's: 1/4 of the
    arrivals loop."""
    rows = [*THREE[:4], ("b", "Intake", 24 * 10, 24 * 10 + 1), ("c", "Intake", 24 * 20, 24 * 20 + 1),
            ("d", "Intake", 24 * 30 + 8, 24 * 30 + 9)]  # fmt: skip
    hours = Calendar(hours={"mon-fri": "08:00-17:00"})
    got = rework_loops(log_of(rows), calendar=hours, staff_hour=50)
    per_year = 4 / 30 * 365.25
    assert got.cases_per_year == pytest.approx(per_year)
    first = got.table.iloc[0]
    assert first["occurrences_per_year"] == pytest.approx(per_year / 4)
    assert first["days_per_year"] == pytest.approx(per_year / 4 * 6 / 24)
    assert first["staff_hours_per_year"] == pytest.approx(per_year / 4 * 2)
    assert first["cost_per_year"] == got.cost_per_year == pytest.approx(per_year / 4 * 2 * 50)
    assert np.isnan(rework_loops(log_of(rows), calendar=hours).cost_per_year)
    assert rework_loops(log_of(rows), staff_hour=50).table["cost_per_year"].isna().all()
    with pytest.raises(ValueError, match="0 or more; -1 isn't"):
        rework_loops(log_of(rows), staff_hour=-1)


def test_a_few_days_say_nothing_of_a_year(log_of) -> None:
    got = rework_loops(log_of(THREE), calendar=Calendar(hours={"mon-fri": "08:00-17:00"}), staff_hour=50)
    assert got.table[["occurrences_per_year", "days_per_year", "cost_per_year"]].isna().all(axis=None)
    assert any("less than four weeks" in c for c in got.caveats)


def test_return_edges_by_hand(log_of) -> None:
    """Two loops of one family come back from different steps: a b a twice by b → a, a b c a once by c → a."""
    rows = [("k", name, None, i) for i, name in enumerate("abaabca")] + [
        ("m", name, None, i) for i, name in enumerate("aba")
    ]
    got = rework_loops(log_of(rows))
    edges = got.return_edges
    mine = edges[edges["loop"] == "back to a after b"]
    assert mine[["source", "target", "n_occurrences", "n_cases"]].to_numpy().tolist() == [
        ["b", "a", 2, 2],
        ["c", "a", 1, 1],
    ]
    assert (mine["days_per_case"] * 24 * 2).tolist() == pytest.approx([4, 3])
    assert edges["n_occurrences"].sum() == got.table["n_occurrences"].sum() == 4
    row = known_family(got.table, "back to a after b")
    assert (row["leaving"], row["leaving_share"], row["occurrences_per_looping_case"]) == (
        "b",
        pytest.approx(2 / 3),
        1.5,
    )


def test_the_distribution_counts_every_case_once(log_of) -> None:
    got = rework_loops(log_of([*THREE, ("d", "Review", 8, 9), ("d", "Review", 9, 10)]))
    table = got.distribution
    assert table[table["loop"] == "any"][["n_occurrences", "n_cases", "share"]].to_numpy().tolist() == [
        [0, 1, 0.25], [1, 2, 0.5], [2, 1, 0.25]]  # fmt: skip
    assert (table.groupby("loop")["n_cases"].sum() == got.n).all()
    times = (table["n_occurrences"] * table["n_cases"]).groupby(table["loop"]).sum()
    assert times.drop("any").to_dict() == got.table.set_index("loop")["n_occurrences"].to_dict()


def test_of_equally_frequent_sequences_the_first_by_name_is_told(log_of) -> None:
    rows = [
        (c, name, None, i) for c, word in (("k", "abca"), ("m", "abba"), ("n", "abda")) for i, name in enumerate(word)
    ]
    assert known_family(rework_loops(log_of(rows)).table, "back to a after b")["most_frequent"] in (
        "b → a",
        "b → c → a",
    )
    assert known_family(rework_loops(log_of(rows)).table, "back to a after b")["most_frequent"] == "b → a"


def test_the_table_with_bars_has_the_figures_of_the_table(log_of) -> None:
    got = rework_loops(log_of(THREE))
    shown = got.bar_table()
    days, shares, times, each = shown.columns
    assert (days.values, days.low, days.high) == tuple(
        tuple(got.table[name]) for name in ("days_per_case", "days_per_case_low", "days_per_case_high")
    )
    assert shares.low == pytest.approx(100 * got.table["cases_share_low"])
    assert (shown.labels, times.values) == (tuple(got.table["loop"]), (1.0, 2.0))
    assert each.values == pytest.approx((6 / 24, 2.5 / 24))
