"""Why customers get in touch, by hand: reasons, repeats, contacts per case, channels, a broken standard, loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import BarChart, BarTable
from streamline.log.read import read_log
from streamline.measure.contacts.exposure import open_life
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.contacts.loop_contacts import ANY, loop_contacts
from streamline.measure.contacts.overdue import overdue_contacts
from streamline.measure.contacts.per_case import contacts_per_case
from streamline.measure.contacts.reasons import why_they_call
from streamline.measure.contacts.repeats import first_contact_resolution
from streamline.measure.contacts.switching import channel_switching
from streamline.measure.loops.occurrences import loop_occurrences

#: In days: each of four cases awaits Review until 4, Documents (external) until 8, Decide until 14.
CASES = [
    (f"k{k}", activity, begun, done, channel)
    for k, channel in enumerate(("online", "online", "mail", None))
    for activity, begun, done in (("Review", 0, 4), ("Documents", 4, 8), ("Decide", 8, 14))
]


@pytest.fixture
def log(cases_of):
    return cases_of(CASES, columns=("channel",), external=["Documents"], ends=["Decide"])


# --- reasons


CALLS = [
    ("k0", 1.0, "status"), ("k0", 5.0, "documents"), ("k0", 12.0, "status"), ("k1", 6.0, "documents"), ("k1", 13.0, None),
    ("k2", 3.0, "status"), ("k3", 14.0, "documents"),
]  # fmt: skip


def test_status_share_by_reason_with_a_half_empty_column(log, calls_of) -> None:
    """Three of six reasons ask how far the case is; with the one unknown among seven that is 3/7 to 4/7 of all."""
    calls = calls_of(CALLS, columns=("reason",), status_reasons=["status"])
    got = why_they_call(open_life(link_contacts(log, calls)))
    table = got.table.set_index("reason")
    assert table["n_contacts"].to_dict() == {"documents": 3, "status": 3, "(not recorded)": 1}
    assert table["share"].to_dict() == pytest.approx({"documents": 0.5, "status": 0.5, "(not recorded)": 1 / 7})
    assert table["status"].to_dict() == {"documents": "no", "status": "yes", "(not recorded)": "not recorded"}
    assert got.status_share is not None
    assert (got.status_share.value, got.status_share.n) == (0.5, 6)
    assert got.status_share.low < 0.5 < got.status_share.high
    assert not got.is_lower_bound
    assert got.unrecorded_share == pytest.approx(1 / 7)
    assert "status contacts make between 43% and 57% of all." in got.caveats[-1]
    assert got.statement.startswith("50% (")
    assert got.cases["status"].tolist() == [True, False, True, False, False, True, False]


def test_without_reasons_late_contacts_in_the_agencys_turn_are_a_lower_bound(log, calls_of) -> None:
    """Bands at 2 days: k0 on 12 and k1 on 13 have awaited Decide for four and five days, k2 on 3 Review for three; k0 on 1 is
    early, Documents are the customer's turn, and k3 was closed: three of seven."""
    calls = calls_of([(c, t) for c, t, _ in CALLS])
    got = why_they_call(open_life(link_contacts(log, calls), bands=(2,)))
    assert got.is_lower_bound
    assert got.status_share is not None
    assert got.status_share.value == pytest.approx(3 / 7)
    assert got.statement.startswith("At least 43% (")
    assert got.table.set_index("state")["n_status"].to_dict() == {
        "Decide": 2, "Documents": 0, "Review": 1, "after the case was closed": 0,
    }  # fmt: skip
    assert "lower bound as long as these ask for nothing else" in got.caveats[-1]
    assert isinstance(got.chart(), BarChart)


def test_what_cannot_be_told_of_reasons_is_said(cases_of, log, calls_of) -> None:
    calls = calls_of([(c, t) for c, t, _ in CALLS])
    nothing = why_they_call(open_life(link_contacts(log, calls)))
    assert nothing.status_share is None
    assert "can't be told" in nothing.caveats[-1]
    assert nothing.statement == "The records don't tell why customers get in touch."
    inside = cases_of(CASES, columns=("channel",), ends=["Decide"])
    assert (
        "the figure is no lower bound" in why_they_call(open_life(link_contacts(inside, calls), bands=(2,))).caveats[-1]
    )
    unnamed = why_they_call(open_life(link_contacts(log, calls_of(CALLS, columns=("reason",)))))
    assert unnamed.status_share is None
    assert "`status_reasons`" in unnamed.caveats[-1]
    empty = calls_of([(c, t, None) for c, t, _ in CALLS], columns=("reason",))
    assert why_they_call(open_life(link_contacts(log, empty), bands=(2,))).is_lower_bound


def test_reasons_in_free_text_have_intervals_for_the_commonest(log, calls_of) -> None:
    """Fifty different texts and one that comes five times: it is first, and forty rows have intervals."""
    rows = [("k0", k / 4, f"text {k}") for k in range(50)] + [("k1", float(k), "where is it?") for k in range(5)]
    table = why_they_call(open_life(link_contacts(log, calls_of(rows, columns=("reason",)))), draws=20).table
    assert table["reason"][0] == "where is it?"
    assert len(table) == 51
    assert table["share_low"].notna().sum() == table["share_high"].notna().sum() == 40
    assert table["share"].sum() == pytest.approx(1)


# --- repeats


def test_episodes_by_hand(log, calls_of) -> None:
    """Within 3 days: k0 calls on 1, 3 and 5.9 (one episode of three), on 9 (exactly 3.1 later: another); k1 on 1 and 4 (exactly
    three days: two episodes); k2 on 13, after which the log of calls (to 14) ends too soon."""
    rows = [("k0", 1.0), ("k0", 3.0), ("k0", 5.9), ("k0", 9.0), ("k1", 1.0), ("k1", 4.0), ("k2", 13.0), (None, 14.0)]
    links = link_contacts(log, calls_of(rows))
    got = first_contact_resolution(links, within="3 days")
    assert got.n_episodes == 4
    assert got.resolved.value == pytest.approx(3 / 4)
    assert got.resolved.low < 0.75 < got.resolved.high
    assert got.repeat_share.value == pytest.approx(2 / 6)
    assert got.table.iloc[0].to_dict() == pytest.approx(
        {"group": "all", "n_episodes": 4, "n_resolved": 3, "share": 0.75, "share_low": got.resolved.low,
         "share_high": got.resolved.high, "contacts_per_episode": 1.5}
    )  # fmt: skip
    assert "Left" not in got.statement
    assert "75%" in got.statement
    assert got.cases["n_contacts"].tolist() == [3, 1, 1, 1, 1]
    assert got.cases["over"].tolist() == [True, True, True, True, False]
    assert any("1 enquiry may go on" in c for c in got.caveats)
    assert any("rests on only 4 enquiries" in c for c in got.caveats)


def test_episodes_by_state_reason_and_channel(log, calls_of) -> None:
    rows = [("k0", 1.0, "status"), ("k0", 2.0, "papers"), ("k1", 5.0, "papers"), ("k2", 9.0, None), (None, 14.0, None)]
    calls = calls_of(rows, columns=("reason",))
    links = link_contacts(log, calls)
    by_reason = first_contact_resolution(links, within="1.5 days", by="reason").table.set_index("reason")
    assert by_reason["share"].to_dict() == {"(not recorded)": 1, "papers": 1, "status": 0}
    assert by_reason["share_high"]["status"] < 1  # of one enquiry little is known
    assert by_reason["share_high"]["status"] > 0.5
    life = open_life(links)
    by_state = first_contact_resolution(links, within="1.5 days", by="state", life=life).table.set_index("state")
    assert by_state["n_episodes"].to_dict() == {"Decide": 1, "Documents": 1, "Review": 1}
    with pytest.raises(ValueError, match="told by `life`"):
        first_contact_resolution(links, by="state")
    with pytest.raises(InsufficientDataError, match="without a column of channels"):
        first_contact_resolution(links, within="1 day", by="channel")
    with pytest.raises(UnknownNameError, match="no group 'reasons'"):
        first_contact_resolution(links, within="1 day", by="reasons")
    with pytest.raises(InsufficientDataError, match="all of 3 enquiries may go on"):
        first_contact_resolution(links, within="30 days")
    with pytest.raises(ValueError, match="longer than nothing"):
        first_contact_resolution(links, within="0 days")


@given(
    calls=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60)), min_size=1, max_size=25),
    within=st.integers(1, 5),
)
def test_episodes_equal_a_walk_through_each_case(log_for_episodes, calls, within) -> None:
    log, calls_of = log_for_episodes
    links = link_contacts(log, calls_of([(f"k{c}", t / 4) for c, t in calls]))
    last = max(t for _, t in calls)
    sizes, over = [], []
    for k in sorted({c for c, _ in calls}):
        times = sorted(t for c, t in calls if c == k)
        runs = [[times[0]]]
        for t in times[1:]:
            if t - runs[-1][-1] < within * 4:
                runs[-1].append(t)
            else:
                runs.append([t])
        sizes += [len(r) for r in runs]
        over += [r[-1] + within * 4 <= last for r in runs]
    if not any(over):
        with pytest.raises(InsufficientDataError, match="may go on"):
            first_contact_resolution(links, within=f"{within} days")
        return
    got = first_contact_resolution(links, within=f"{within} days", draws=20)
    assert got.size.tolist() == sizes
    assert got.over.tolist() == over
    assert got.resolved.value == pytest.approx(np.mean([s == 1 for s, o in zip(sizes, over, strict=True) if o]))


@pytest.fixture(scope="module")
def log_for_episodes(cases_of, calls_of):
    return cases_of(CASES, columns=("channel",), ends=["Decide"]), calls_of


# --- contacts per case


def test_contacts_per_case_by_hand(log, calls_of) -> None:
    """k0 has 2 calls, k2 one, a quarter names no case: 3/4 per case, scaled up by 4/3 to one."""
    links = link_contacts(log, calls_of([("k0", 0.0), ("k0", 5.0), ("k2", 14.0), (None, 7.0)]))
    got = contacts_per_case(links)
    assert got.per_case.value == pytest.approx(1)
    assert got.per_case.low < 1 < got.per_case.high
    by = contacts_per_case(links, by="channel").table.set_index("channel")
    assert by["contacts_per_case"].to_dict() == pytest.approx({"online": 4 / 3, "mail": 4 / 3, "(not recorded)": 0})
    assert by["n_with_contact"].to_dict() == {"online": 1, "mail": 1, "(not recorded)": 0}
    assert by.loc["(not recorded)", "contacts_high"] == pytest.approx(3.6889 * 4 / 3, rel=1e-4)
    assert got.cases["n_contacts"].tolist() == [2, 0, 1, 0]
    some = contacts_per_case(links, cases=log.case_id_array() == "k2")
    assert (some.n, some.per_case.value) == (1, pytest.approx(4 / 3))
    assert isinstance(got.chart(), BarChart)


def test_cases_outside_the_time_covered_do_not_count(log, calls_of) -> None:
    links = link_contacts(log, calls_of([("k0", 5.0), ("k0", 6.0)]))
    with pytest.raises(InsufficientDataError, match=r"covers 2025-01-11 to 2025-01-12 and none of 4 closed cases"):
        contacts_per_case(links)
    with pytest.raises(InsufficientDataError, match="covers no closed case"):
        channel_switching(
            link_contacts(log, calls_of([("k0", 5.0, "phone"), ("k0", 6.0, "phone")], columns=("channel",)))
        )
    with pytest.raises(InsufficientDataError, match="covers no closed case"):
        loop_contacts(links)


# --- channels


def test_switching_by_hand(log, calls_of) -> None:
    """k0 applied online and phoned twice, k1 wrote on-line, k2 (mail) phoned before it arrived (no switch) and wrote online; k3's
    channel isn't known. Of three cases with a channel two switched."""
    rows = [("k0", 1.0, "phone"), ("k0", 2.0, "phone"), ("k1", 3.0, "Online"), ("k2", -1.0, "phone"), ("k2", 9.0, "Online"),
            ("k3", 9.0, "phone"), ("k1", 14.0, None)]  # fmt: skip
    got = channel_switching(link_contacts(log, calls_of(rows, columns=("channel",))))
    assert got.switched.value == pytest.approx(2 / 3)
    assert got.n == 3
    table = got.table.set_index(["arrived_by", "contact_by"])
    assert table["switches"].to_dict() == {
        ("mail", "Online"): True, ("online", "(not recorded)"): False, ("online", "Online"): False, ("online", "phone"): True,
    }  # fmt: skip
    phoned = table.loc[("online", "phone")]
    assert (phoned["n_arrived"], phoned["n_cases"], phoned["n_contacts"], phoned["share"]) == (2, 1, 2, 0.5)
    assert got.cases[["case", "contact_by", "days_until"]].to_numpy().tolist() == [
        ["k0", "phone", 1],
        ["k2", "Online", 9],
    ]
    assert got.excluded["without a channel"] == 1


def test_switching_needs_both_channels(cases_of, log, calls_of) -> None:
    with pytest.raises(InsufficientDataError, match="without the channel of the contacts"):
        channel_switching(link_contacts(log, calls_of([("k0", 0.0), ("k0", 14.0)])))
    bare = cases_of([row[:4] for row in CASES], ends=["Decide"])
    with pytest.raises(InsufficientDataError, match="without the channel of the cases"):
        channel_switching(link_contacts(bare, calls_of([("k0", 0.0, "x"), ("k0", 14.0, "x")], columns=("channel",))))
    other = channel_switching(link_contacts(log, calls_of([("k0", 0.0, "x"), ("k0", 14.0, "x")], columns=("channel",))))
    assert any("every contact counts as a switch" in c for c in other.caveats)


# --- a broken standard


def test_ratio_of_overdue_contacts(cases_of, calls_of) -> None:
    """Forty cases wait 10 days each, the standard is 5 days; each calls once before and twice after: ratio 2, within states too,
    as there is but one state."""
    log = cases_of([(f"k{k}", "Decide", 0, 10) for k in range(40)], ends=["Decide"])
    rows = [(f"k{k}", t) for k in range(40) for t in (2.0, 6.0, 8.0)]
    life = open_life(
        link_contacts(log, calls_of(rows), covers=("2025-01-06", "2025-01-31")), standard="5 days", bands=()
    )
    got = overdue_contacts(life)
    assert got.ratio.value == pytest.approx(2)
    assert got.ratio_within_states.value == pytest.approx(2)
    assert got.overdue_share == pytest.approx(2 / 3)
    assert got.table.set_index("overdue")["n_contacts"].to_dict() == {
        "within the standard": 40,
        "past the standard": 80,
    }
    with pytest.raises(InsufficientDataError, match="No service standard was given"):
        overdue_contacts(open_life(life.links))
    with pytest.raises(InsufficientDataError, match="No case is open for longer than 20 days"):
        overdue_contacts(open_life(life.links, standard="20 days"))


def test_the_state_alone_is_no_effect_of_the_standard(cases_of, calls_of) -> None:
    """Cases await Review (no calls to speak of) for 4 days, then Decide (a call a day) for 4; the standard of 6 days passes in
    the middle of Decide. Rates differ much before and after, but not within Decide."""
    rows, calls = [], []
    for k in range(30):
        rows += [(f"k{k}", "Review", 0, 4), (f"k{k}", "Decide", 4, 8)]
        calls += [(f"k{k}", t) for t in (4.5, 5.5, 6.5, 7.5)]
    life = open_life(
        link_contacts(cases_of(rows, ends=["Decide"]), calls_of(calls), covers=("2025-01-06", "2025-01-31")),
        standard="6 days",
    )
    got = overdue_contacts(life)
    assert got.ratio.value == pytest.approx(3)
    assert got.ratio_within_states.value == pytest.approx(1)


def test_intervals_of_the_ratio_hold_their_level(cases_of, calls_of) -> None:
    """Cases of random length with a Poisson rate that doubles once overdue, and callers of very different zeal: in about 95% of
    60 services the interval holds the true 2 (binomial bounds for 95%: 52 to 60)."""
    rng, held = np.random.default_rng(7), 0
    for _ in range(60):
        n = 150
        length = rng.uniform(2, 20, n)
        zeal = rng.gamma(2, 0.05, n)
        log = cases_of([(f"k{k}", "Decide", 0, float(length[k])) for k in range(n)], ends=["Decide"])
        calls = []
        for k in range(n):
            early, late = min(8.0, length[k]), max(length[k] - 8.0, 0.0)
            calls += [(f"k{k}", t) for t in rng.uniform(0, early, rng.poisson(zeal[k] * early))]
            calls += [(f"k{k}", t) for t in 8 + rng.uniform(0, late, rng.poisson(2 * zeal[k] * late))]
        links = link_contacts(log, calls_of(calls), covers=("2025-01-06", "2025-02-28"))
        found = overdue_contacts(open_life(links, standard="8 days", bands=(), draws=2)).ratio
        assert found.low is not None
        held += found.low <= 2 <= found.high
    assert 52 <= held <= 60


# --- loops


def test_contacts_of_loops_by_hand(cases_of, calls_of) -> None:
    """Five cases go Check, Ask, Check, Decide; five just Check, Decide. Each loop (days 2 to 8) has one call inside, one of them
    a second, and each looping case one call after it; the others call once in two. Per loop 6/5 inside; beside the like cases
    (11 calls of five, 2 of five others) 11/5 - 2/5 = 9/5."""
    rows, calls = [], []
    for k in range(5):
        rows += [(f"l{k}", "Check", 0, 2), (f"l{k}", "Ask", 2, 7), (f"l{k}", "Check", 7, 8), (f"l{k}", "Decide", 8, 12)]
        calls += [(f"l{k}", 2.0), (f"l{k}", 8.0)]
        rows += [(f"o{k}", "Check", 0, 2), (f"o{k}", "Decide", 2, 6)]
    calls += [("l0", 7.5), ("o0", 1.0), ("o1", 6.0)]
    links = link_contacts(cases_of(rows, ends=["Decide"]), calls_of(calls), covers=("2025-01-06", "2025-01-31"))
    got = loop_contacts(links, min_occurrences=5)
    table = got.table.set_index("loop")
    assert list(table.index) == [ANY, "back to Check after Ask"]
    row = table.loc["back to Check after Ask"]
    assert (row["n_occurrences"], row["n_cases"], row["n_contacts_inside"]) == (5, 5, 6)
    assert row["inside_per_occurrence"] == pytest.approx(6 / 5)
    assert row["inside_low"] < 6 / 5 < row["inside_high"]
    assert row["inside_share"] == pytest.approx(6 / 13)
    assert row["matched_per_occurrence"] == pytest.approx(9 / 5)
    assert row["n_matched"] == 5
    assert got.cases["n_contacts"].tolist() == [2, 1, 1, 1, 1]
    assert got.statement.startswith("Each loop 'back to Check after Ask' brings 1.2 contacts (")
    assert isinstance(got.chart(), BarTable)
    rare = loop_contacts(links, min_occurrences=6)
    assert list(rare.table["loop"]) == [ANY]
    assert rare.statement == "No loop is frequent enough to tell its contacts."


def test_no_loop_is_refused(log, calls_of) -> None:
    with pytest.raises(InsufficientDataError, match="none of 4 covered cases has a loop"):
        loop_contacts(link_contacts(log, calls_of([("k0", 0.0), ("k1", 14.0)])))


@given(
    cases=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=7), min_size=1, max_size=4),
    calls=st.lists(st.tuples(st.integers(0, 3), st.floats(0, 7)), max_size=12),
)
def test_contacts_inside_loops_are_those_during_their_steps(log_for_episodes, cases, calls) -> None:
    """Step i of a case runs from day i to i + 1; a contact belongs to the loop of the step that is completed next."""
    _, calls_of = log_for_episodes

    start = pd.Timestamp("2025-01-06", tz="UTC")
    frame = pd.DataFrame(
        [(f"k{k}", "ABC"[a], i, i + 1) for k, steps in enumerate(cases) for i, a in enumerate(steps)],
        columns=["case", "activity", "start", "complete"],
    )
    for name in ("start", "complete"):
        frame[name] = start + pd.to_timedelta(frame[name], unit="D")
    log = read_log(frame, case="case", activity="activity", start="start", complete="complete")
    told = [(f"k{c}", round(t, 3)) for c, t in calls]
    links = link_contacts(log, calls_of([*told, ("k0", 0.0)]), covers=("2025-01-06", "2025-01-31"))
    found = loop_occurrences(log)
    if len(found) == 0:
        return
    got = loop_contacts(links, draws=5)
    expected = np.zeros(len(found))
    number = {name: k for k, name in enumerate(log.case_id_array())}
    for name, day in [*told, ("k0", 0.0)]:
        if name in number:
            step = log.case_offsets[number[name]] + int(day)
            if step < log.case_offsets[number[name] + 1] and found.loop[step] >= 0:
                expected[found.loop[step]] += 1
    assert got.inside.tolist() == expected[got.rework.kept].tolist()
