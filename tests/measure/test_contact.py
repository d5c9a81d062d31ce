"""Contacts by the state of the case, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError
from streamline.figure import BarChart
from streamline.log.read import read_contacts
from streamline.measure.contact import (
    AFTER_END,
    BEFORE_ARRIVAL,
    LATER,
    NEXT_UNKNOWN,
    contact_exposure,
    contact_rates,
)

DAY = 24
#: In days: a arrives on 0, Review done on 4, closed on 10. b arrives on 2, closed on 6. c arrives on 3, Review done on
#: 5, still open when the log ends on 60 (d closes then; it arrives on 50).
CASES = [
    ("a", "Review", 0, 4), ("a", "Decide", 4, 10),
    ("b", "Decide", 2, 6),
    ("c", "Review", 3, 5),
    ("d", "Decide", 50, 60),
]  # fmt: skip
#: Case, day, reason.
CALLS = [
    ("a", 0.0, "status"),     # awaits Review
    ("a", 1.0, "question"),   # awaits Review
    ("a", 4.0, "status"),     # at the very completion of Review: awaits Decide
    ("b", 1.0, "question"),   # before it arrived
    ("b", 7.0, "status"),     # a day after its end
    ("b", 36.0, "status"),    # exactly 30 days after its end: still about the closed case
    ("b", 40.0, "status"),    # 34 days after its end
    ("c", 20.0, "status"),    # what comes after Review isn't known
    ("", 8.0, "question"),    # names no case
    ("zz", 40.0, "question"), # names a case that isn't in the log
]  # fmt: skip


@pytest.fixture
def log(log_of):
    return log_of([(c, a, DAY * s, DAY * e) for c, a, s, e in CASES], ends=["Decide"])


@pytest.fixture
def calls_of(at):
    def make(rows, **options):
        frame = pd.DataFrame(rows, columns=["case", "time", "reason"])
        frame["time"] = pd.to_datetime([at(DAY * t) for t in frame["time"]], utc=True)
        given = {"case": "case", "time": "time", "reason": "reason", "status_reasons": ["status"], **options}
        return read_contacts(frame, **given)

    return make


def test_states_by_hand(log, calls_of, row) -> None:
    """Ten calls, eight of them about cases of the log, one about nothing, one about a case of somebody else's; the calls
    cover days 0 to 40, so the lives of the closed cases a (3 calls) and b (4), not that of d; c is open.

    Open days by state: Review a 4 + c 2 = 6; Decide a 6 + b 4 = 10 (d arrives after day 40); next unknown c 5 to 40, 35;
    after the end a 10 to 40, 30, and b 6 to 36, 30. The link share is 8/9: the call about a foreign case counts nowhere.
    """
    got = contact_rates(log, calls_of(CALLS))
    table = got.table.set_index("state")
    assert table["n_contacts"].to_dict() == {
        "Review": 2, AFTER_END: 2, "Decide": 1, NEXT_UNKNOWN: 1, BEFORE_ARRIVAL: 1, LATER: 1,
    }  # fmt: skip
    assert table["open_days"].to_dict() == pytest.approx(
        {"Review": 6, "Decide": 10, NEXT_UNKNOWN: 35, AFTER_END: 60, BEFORE_ARRIVAL: 0, LATER: 0}
    )
    assert row(got, "Review")["rate_per_open_day"] == pytest.approx(2 / 6 * 9 / 8)
    assert row(got, "Decide")["rate_per_open_day"] == pytest.approx(1 / 10 * 9 / 8)
    assert row(got, "Review")["share"] == pytest.approx(2 / 8)
    assert got.per_case.value == pytest.approx(7 / 2 * 9 / 8)
    assert got.per_case.n == 2
    assert got.link_share == pytest.approx(8 / 9)
    assert got.exposure.n_foreign == 1
    assert (got.n, got.n_contacts) == (4, 8)
    assert got.status_share is not None
    assert got.status_share.value == pytest.approx(6 / 8)
    # a on day 1 (after 0), a on day 4 (three days after 1): 2 of 8
    assert got.repeat_share == pytest.approx(2 / 8)
    said = " ".join(got.caveats)
    assert "11.1% of the contacts name no case;" in said
    assert "1 contacts name a case that isn't in the log; they are left out." in said
    assert "Contacts per case are told of the 2 of 3 closed cases that lie within it." in said


def test_the_rows_behind_the_rates(log, calls_of) -> None:
    got = contact_rates(log, calls_of(CALLS)).cases
    assert got["state"].tolist() == ["Review", "Review", BEFORE_ARRIVAL, "Decide", AFTER_END, NEXT_UNKNOWN, AFTER_END,
                                     LATER]  # fmt: skip
    assert got["days_since_arrival"].tolist() == [0, 1, -1, 4, 5, 17, 34, 38]
    assert got["reason"].tolist()[:2] == ["status", "question"]


def test_a_state_without_open_days_has_no_rate_and_no_bounds(log, calls_of, row) -> None:
    """A rate without days to count over isn't infinite, it isn't known."""
    before = row(contact_rates(log, calls_of(CALLS)), BEFORE_ARRIVAL)
    assert all(np.isnan(before[name]) for name in ("rate_per_open_day", "rate_low", "rate_high"))


def test_cases_that_were_filtered_out_are_linked_and_not_counted(log, calls_of) -> None:
    """Without case b its four calls count nowhere, but the link share is still 8/9; without `whole` they would be taken
    for calls about foreign cases, so that is refused."""
    calls = calls_of(CALLS)
    kept = log.select(log.case_id_array() != "b", because="not b")
    got = contact_rates(kept, calls, whole=log)
    assert got.link_share == pytest.approx(8 / 9)
    assert got.n_contacts == 4
    assert got.per_case.value == pytest.approx(3 * 9 / 8)
    with pytest.raises(InsufficientDataError, match=r"was filtered \(not b\).*as `whole`"):
        contact_rates(kept, calls)


def test_open_life_adds_up(log, calls_of) -> None:
    """Days 0 to 40 hold 10 of a, 4 of b, 37 of c and none of d."""
    exposure = contact_exposure(log, calls_of(CALLS))
    open_states = [s not in (AFTER_END, LATER, BEFORE_ARRIVAL) for s in exposure.states]
    assert exposure.days[:, open_states].sum(axis=1).tolist() == pytest.approx([10, 4, 37, 0])
    assert exposure.contacts.sum() == 8


def test_reasons_are_optional(log, calls_of) -> None:
    got = contact_rates(log, calls_of(CALLS, reason=None, status_reasons=[]))
    assert got.status_share is None
    assert "reason" not in got.cases


def test_channels_are_shares_of_the_linked_calls(log, calls_of) -> None:
    """The reason column read as the channel: of eight linked calls six are 'status'."""
    exposure = contact_exposure(log, calls_of(CALLS, reason=None, status_reasons=[], channel="reason"))
    assert exposure.channel_share == pytest.approx({"status": 6 / 8, "question": 2 / 8})


def test_no_link_is_refused(log, calls_of) -> None:
    with pytest.raises(InsufficientDataError, match=r"none of 1 contacts names a case of .*same way"):
        contact_rates(log, calls_of([("A", 1.0, "status")]))


def test_the_chart_shows_rates_that_are_known(log, calls_of) -> None:
    got = contact_rates(log, calls_of(CALLS))
    chart = got.chart()
    assert isinstance(chart, BarChart)
    assert [b.label for b in chart.bars] == ["Review", "Decide", AFTER_END, NEXT_UNKNOWN]
    assert chart.bars[0].value == pytest.approx(100 * 2 / 6 * 9 / 8)
    assert all(b.low is not None and b.high is not None and b.low <= b.value <= b.high for b in chart.bars)


def test_contacts_about_open_cases_after_the_logs_end_are_left_out(log_of, at) -> None:
    """The log ends at hour 10. "a" is closed by End, "b" is open. Of the calls at hour 12, b's has no state that anybody
    could know; a's comes after its end."""
    log = log_of([("a", "Start", 0, 1), ("a", "End", 2, 5), ("b", "Start", 0, 10)], ends=["End"])
    frame = pd.DataFrame({"case": ["a", "b", "b"], "time": [at(12), at(12), at(3)]})
    got = contact_rates(log, read_contacts(frame, case="case", time="time"), draws=20)
    assert got.n_contacts == 2
    assert got.exposure.n_late == 1
    assert any(c.startswith("1 contacts about open cases came after the last event") for c in got.caveats)


def test_a_state_without_a_contact_has_a_bound_above_nothing(log_of) -> None:
    """Hand: 0 contacts in d days; the upper bound solves exp(-rate × d) = 2.5%, so it is 3.689 / d."""
    log = log_of([(f"c{k}", a, 24 * j, 24 * j + 1) for k in range(40) for j, a in enumerate("ABC")])
    at = log.instants(log.arrival[:1])[0]
    times = [at, at + pd.Timedelta(hours=20), at + pd.Timedelta(hours=49)]
    calls = read_contacts(pd.DataFrame({"case": ["c0", "c1", "c2"], "time": times}), case="case", time="time")
    table = contact_rates(log, calls, draws=50).table
    silent = table[(table["n_contacts"] == 0) & (table["open_days"] > 0)]
    assert len(silent)
    assert (silent["rate_low"] == 0).all()
    assert silent["rate_high"].to_numpy() == pytest.approx(3.688879 / silent["open_days"].to_numpy(), rel=1e-6)
