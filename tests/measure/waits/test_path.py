"""What enables what: parallel branches, the concurrency rule, critical paths, by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest

from streamline.log.calendar import Calendar
from streamline.measure.waits.path import ConcurrencyRule, paths, staff_time
from streamline.units import HOUR

#: After Intake, Check and Visit run side by side; Decide waits for both.
PARALLEL = [
    ("a", "Intake", 0, 1), ("a", "Check", 2, 4), ("a", "Visit", 3, 8), ("a", "Decide", 10, 11),
    ("b", "Intake", 0, 1), ("b", "Check", 6, 9), ("b", "Visit", 2, 7), ("b", "Decide", 12, 13),
    ("c", "Intake", 0, 1), ("c", "Check", 2, 3), ("c", "Visit", 4, 5), ("c", "Decide", 6, 7),
]  # fmt: skip


def _traces(log_of, *traces: str, hours: float = 1.0, **options):
    """A log of completions, one an hour: each trace is a word of activities, `n*word` repeats it."""
    rows, case = [], 0
    for text in traces:
        n, _, word = text.rpartition("*")
        for _ in range(int(n or 1)):
            rows += [(f"{case:05}", letter, None, hours * i) for i, letter in enumerate(word)]
            case += 1
    return log_of(rows, **options)


def test_a_parallel_branch_is_not_enabled_by_its_sibling(log_of) -> None:
    """In case c Visit begins after Check was completed, but in a and b they overlap: Intake enabled it, at 1.

    Waits for Visit: a 3 - 1 = 2, b 2 - 1 = 1, c 4 - 1 = 3. For Check: 1, 5, 1. Decide waits from the later of the two:
    a 10 - 8 = 2, b 12 - 9 = 3, c 6 - 5 = 1. Intake waits for nothing: its arrival is its start.
    """
    found = paths(log_of(PARALLEL))
    assert found.concurrent == (("Check", "Visit"),)
    waits: dict[str, list[float]] = {}
    for activity, wait in zip(found.log.activity, found.waiting / HOUR, strict=True):
        waits.setdefault(found.log.activities[activity], []).append(wait)
    assert waits == {"Intake": [0, 0, 0], "Check": [1, 5, 1], "Visit": [2, 1, 3], "Decide": [2, 3, 1]}


def test_the_critical_path_by_hand(log_of) -> None:
    """a: Intake 0 + 1, Visit 2 + 5, Decide 2 + 1 = 11 h. b: Intake 1, Check 5 + 3, Decide 3 + 1 = 13 h. c: 1, Visit
    3 + 1, Decide 1 + 1 = 7 h. Each is the case's cycle time; Check of a and c, and Visit of b, are beside the path."""
    found = paths(log_of(PARALLEL))
    names = np.array(found.log.activities)[found.log.activity]
    assert names[found.critical].tolist() == ["Intake", "Visit", "Decide", "Intake", "Check", "Decide", "Intake",
                                              "Visit", "Decide"]  # fmt: skip
    assert (found.per_case(found.waiting) / HOUR).tolist() == [4, 8, 4]
    assert (found.per_case(found.service) / HOUR).tolist() == [7, 5, 3]
    assert not found.sojourn.any()


def test_completions_only_leave_sojourn_and_no_waiting(log_of) -> None:
    """Without starts a step's whole time is sojourn: 0, 3 and 4 hours."""
    found = paths(log_of([("a", "x", None, 1), ("a", "y", None, 4), ("a", "z", None, 8)]))
    assert not found.known.any()
    assert not found.waiting.any()
    assert not found.service.any()
    assert (found.sojourn / HOUR).tolist() == [0, 3, 4]


def test_one_long_step_over_many_short_ones_is_not_many_overlaps(log_of) -> None:
    """Of 20 long steps one runs beside 30 short ones: 1 of 20 steps of the rarer activity, 5%, under 10%."""
    rows = [(f"{k:02}", "long", 0, 1) for k in range(1, 20)] + [("00", "long", 0, 100)]
    rows += [("00", "short", 2 * k + 1, 2 * k + 2) for k in range(30)]
    assert paths(log_of(rows)).concurrent == ()
    more = [r for r in rows if r[1] == "short" or r[0] < "10"]  # 1 of 10
    assert paths(log_of(more)).concurrent == (("long", "short"),)
    assert paths(log_of(more), rule=ConcurrencyRule(overlap_share=0.2)).concurrent == ()


def test_both_orders_without_times_count_as_concurrent(log_of) -> None:
    """s then x and y in either order, then e: 30 and 10 cases; the rarer order is a quarter."""
    assert paths(_traces(log_of, "30*sxye", "10*syxe")).concurrent == (("x", "y"),)


def test_rare_swaps_are_noise(log_of) -> None:
    """3 swaps in 43 are 7% of the two orders, under a tenth; 2 in 12 are 17%, but fewer than three."""
    assert paths(_traces(log_of, "40*sxye", "3*syxe")).concurrent == ()
    assert paths(_traces(log_of, "10*sxye", "2*syxe")).concurrent == ()
    assert paths(_traces(log_of, "10*sxye", "3*syxe")).concurrent == (("x", "y"),)
    loose = ConcurrencyRule(order_share=0.05)
    assert paths(_traces(log_of, "40*sxye", "3*syxe"), rule=loose).concurrent == (("x", "y"),)


@pytest.mark.parametrize(
    "traces",
    [
        pytest.param(["30*sxye", "20*sxyxye"], id="a loop of two steps"),
        pytest.param(["30*sxyxyxye"], id="the same loop thrice"),
        pytest.param(["30*sxyze", "20*sxyzxyze"], id="a loop of three steps: one order only"),
        # x → y is direct in few cases, z stands between in most; reviews y send back to x
        pytest.param(["20*sxye", "60*sxzye", "15*sxzyxzye", "5*sxzyxye"], id="a loop past a step that is optional"),
        # here the way forth x → y is the rarer order
        pytest.param(["5*sxye", "60*sxzye", "20*sxzyxzye"], id="a loop whose way forth is rare"),
        pytest.param(["30*sxxye", "30*sxye"], id="direct repeats"),
        pytest.param(["30*sxyzyxe", "30*sxyze"], id="there and back"),
    ],
)
def test_loops_are_not_concurrent(log_of, traces: list[str]) -> None:
    assert paths(_traces(log_of, *traces)).concurrent == ()


def test_concurrent_steps_inside_a_loop_are_concurrent(log_of) -> None:
    """x and y in either order, and after q both again: the returns are to s, x and y aren't a loop of their own."""
    log = _traces(log_of, "20*sxye", "20*syxe", "10*sxyqsyxe", "10*syxqsxye")
    assert paths(log).concurrent == (("x", "y"),)


def test_the_share_of_loops_is_settable(log_of) -> None:
    """y → x returns in 5 of 10 cases (sxyxe) and not in 5 (syxe): half is the bound."""
    log = _traces(log_of, "20*sxye", "5*sxyxe", "5*syxe")
    assert paths(log).concurrent == (("x", "y"),)
    assert paths(log, rule=ConcurrencyRule(loop_share=0.4)).concurrent == ()


def test_the_rule_says_itself_in_words() -> None:
    words = ConcurrencyRule(overlap_share=0.2, order_count=7).in_words()
    assert "overlap in at least 20%" in words
    assert "7 times" in words


def test_staff_time_leaves_out_nights_and_external_steps(log_of) -> None:
    """Hours 8 to 17. x from 16 to 33 (9 the next day): 1 + 1 hours. The customer's step counts none; nor does one
    without a start."""
    rows = [("a", "x", 16, 33), ("a", "customer", 33, 40), ("a", "z", None, 41)]
    got = staff_time(log_of(rows, external=["customer"]), Calendar(hours={"mon-fri": "08:00-17:00"}))
    assert (got / HOUR).tolist() == [2, 0, 0]


def test_the_order_of_rows_does_not_show(log_of) -> None:
    shuffled = random.Random(4).sample(PARALLEL, len(PARALLEL))
    one, two = paths(log_of(PARALLEL)), paths(log_of(shuffled))
    assert (one.predecessor == two.predecessor).all()
    assert (one.enabled == two.enabled).all()
