"""Cases that end while they wait for people: counted by hand, and told from ends of other kinds."""

from __future__ import annotations

import pytest

from streamline.whatif.giving_up import ENOUGH
from streamline.whatif.queue_model import fit_queues

ENDS = ["Sent", "Withdrawn"]


def rows_of(n_gone, *, wait=1.0, after="Check", n=100):
    """n cases, two a day: checked, decided an hour later, sent; of these n_gone are withdrawn so long after a step."""
    rows, arrivals = [], {}
    for k in range(n):
        at, case = 24 * (k // 10 * 7 + k // 2 % 5) + 8 + 4 * (k % 2), f"c{k}"
        arrivals[case] = at
        rows.append((case, "Check", at, at + 1, "ann"))
        gone = k < n_gone
        if not (gone and after == "Check"):
            rows.append((case, "Decide", at + 2, at + 3, "bob"))
        if gone:
            end = at + (1 if after == "Check" else 3) + wait
            rows.append((case, "Withdrawn", end, end, None))
        else:
            rows.append((case, "Sent", at + 3, at + 3, None))
    return rows, arrivals


def said(log_of, office, n_gone, **how):
    options = {"ends": how.pop("ends", ENDS)}
    rows, arrivals = rows_of(n_gone, **how)
    model = fit_queues(log_of(rows, arrivals=arrivals, **options), calendar=office)
    return [c for c in model.caveats if "while they wait for people" in c]


def test_cases_that_are_withdrawn_while_a_decision_is_awaited(log_of, office):
    (words,) = said(log_of, office, ENOUGH)
    assert words.startswith(f"{ENOUGH} cases of 100 end (Withdrawn) while they wait for people.")


@pytest.mark.parametrize(
    ("n_gone", "how"),
    [
        (ENOUGH - 1, {}),  # too few
        (ENOUGH, {"wait": 0.0}),  # at once: a decision
        (ENOUGH, {"after": "Decide"}),  # nobody was awaited any more
        (60, {}),  # most end there: that is what comes next
        (ENOUGH, {"ends": None}),  # nothing says what an end is
    ],
)
def test_other_ends_are_none(log_of, office, n_gone, how):
    assert said(log_of, office, n_gone, **how) == []
