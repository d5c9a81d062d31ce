"""Filters choose whole cases, say how, and refuse to choose none."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import streamline as sl
from streamline.kernels.coding import rows_of_groups

#: Cases a to d, in order of arrival. c has an unfinished step, d's last step lies before its first in the file.
EVENTS = """case,activity,start,complete,who,channel,district,fee
a,Intake,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann,mail,north,10
a,Decide,2025-01-08T08:00:00Z,2025-01-08T09:00:00Z,bob,online,north,10
b,Intake,2025-01-31T23:30:00Z,2025-01-31T23:45:00Z,bob,online,,200.5
b,Ask,2025-02-02T08:00:00Z,2025-02-03T08:00:00Z,,,,200.5
b,Decide,2025-02-10T08:00:00Z,2025-02-10T09:00:00Z,bob,online,,200.5
c,Intake,2025-02-01T08:00:00Z,2025-02-01T09:00:00Z,ann,mail,south,none
c,Decide,2025-03-01T08:00:00Z,,bob,mail,south,none
d,Decide,2025-02-20T08:00:00Z,2025-02-21T08:00:00Z,cy,,1,1000
d,Intake,2025-02-15T08:00:00Z,2025-02-15T09:00:00Z,cy,,1,1000
"""


@pytest.fixture
def log(read_text):
    return read_text(EVENTS, resource="who", attributes=["district", "fee"])


def ids(log) -> str:
    return "".join(log.case_ids.to_pylist())


@pytest.mark.parametrize(
    ("first", "last", "by", "expected"),
    [
        ("2025-01", "2025-01", "arrival", "ab"),
        ("2025-01-31", "2025-01-31", "arrival", "b"),
        ("2025-01-31 23:30", None, "arrival", "bcd"),
        (None, "2025-01-31 23:30", "arrival", "a"),
        ("2025-02-01T00:30+01:00", None, "arrival", "bcd"),
        (datetime.date(2025, 2, 1), datetime.date(2025, 2, 1), "arrival", "c"),
        (pd.Timestamp("2025-02-01"), datetime.datetime(2025, 2, 15, tzinfo=datetime.UTC), "arrival", "c"),
        ("2025", None, "arrival", "abcd"),
        (None, None, "completion", "abd"),  # c is open
        ("2025-02-10", "2025-02-10", "completion", "b"),
        ("2025-01-07", "2025-01-07", "activity", "a"),
        ("2025-02-12", "2025-02-14", "activity", "c"),
        ("2025-02-25", None, "activity", "c"),  # open until the log ends
        (None, "2025-02-01", "activity", "abc"),
    ],
)
def test_between(log, first, last, by, expected):
    found = log.between(first, last, by=by)
    assert ids(found) == expected
    assert f"{len(expected)} of 4" in found.history[-1]
    assert found.observed_until == log.observed_until


def test_days_are_those_of_the_logs_zone(read_text):
    there = read_text(EVENTS, timezone="Asia/Tokyo", resource="who")
    assert ids(there.between("2025-02-01", "2025-02-01")) == "bc"
    assert ids(there.between("2025-01-31", "2025-02")) == "bcd"


def test_times_that_a_clock_change_repeats_or_skips_are_refused(read_text):
    there = read_text(EVENTS, timezone="Europe/Berlin", resource="who")
    for moment in ("2024-10-27 02:30", "2024-03-31 02:30"):
        with pytest.raises(sl.TimestampError, match=r"isn't one instant in Europe/Berlin: a clock change"):
            there.between(moment, None)
    assert ids(there.between("2024-10-27 02:30+01:00", None)) == "abcd"


@pytest.mark.parametrize(
    "moment", ["03/04/2025", "yesterday", "2025-13", "2025-02-30", "20250301", "", "2025-01-01 99:00"]
)
def test_what_is_no_day_is_refused(log, moment):
    with pytest.raises(sl.TimestampError, match=r"is no day or time that is read here. Write 2025, 2025-03"):
        log.between(moment, None)


def test_periods_the_wrong_way_round_or_without_cases_are_refused(log):
    with pytest.raises(ValueError, match=r"from 2025-03 to 2025-02 has no length"):
        log.between("2025-03", "2025-02")
    with pytest.raises(
        ValueError, match=r"by='end' is not an option. Choose one of 'arrival', 'completion', 'activity'"
    ):
        log.between("2025", by="end")
    with pytest.raises(
        sl.InsufficientDataError,
        match=r"no cases that arrived from 2031 among 4; those of the log's cases lie between 2025-01-06 08:00 and 2025-02-15",
    ):
        log.between("2031")


def test_where(log):
    assert ids(log.where(channel="mail")) == "ac"  # of the first step with a channel
    assert ids(log.where(channel="online")) == "b"
    assert ids(log.where(channel=None)) == "d"
    assert ids(log.where(channel=["online", None])) == "bd"
    assert ids(log.where(resource="bob")) == "ab"  # any step; c's step of bob was never done
    assert ids(log.where(resource=None)) == "b"
    assert ids(log.where(district="north")) == "a"
    assert ids(log.where(district=1)) == ids(log.where(district=1.0)) == "d"
    assert ids(log.where({"district": [None, "south"]})) == "bc"
    both = log.where(channel="mail", district=["south", "1"])
    assert ids(both) == "c"
    assert both.history == ("cases with channel 'mail' and district 'south' or '1': 1 of 4",)


def test_where_names_what_isnt_there(log):
    with pytest.raises(sl.UnknownNameError, match=r"log.csv has no channel 'mial'. Did you mean 'mail'"):
        log.where(channel="mial")
    with pytest.raises(sl.UnknownNameError, match=r"no resource 'An'. Did you mean 'ann'"):
        log.where(resource="An")
    with pytest.raises(sl.UnknownNameError, match=r"no district .an attribute. 'nort'. Did you mean 'north'"):
        log.where(district="nort")
    with pytest.raises(sl.UnknownNameError, match=r"'distrct'. Did you mean 'district'"):
        log.where(distrct="north")
    with pytest.raises(sl.InsufficientDataError, match=r"no cases with channel 'mail' and district '1' among 4"):
        log.where(channel="mail", district="1")
    with pytest.raises(ValueError, match=r"at least one condition"):
        log.where()
    with pytest.raises(ValueError, match=r"names no value"):
        log.where(channel=[])


def test_with_number(log):
    assert ids(log.with_number("fee", at_least=200.5)) == "bd"
    found = log.with_number("fee", at_least=10, below=1000)
    assert ids(found) == "ab"
    assert found.history == ("cases with fee at least 10 and below 1,000 (1 case without a number left out): 2 of 4",)
    with pytest.raises(sl.UnknownNameError, match=r"no attribute 'fees'. Did you mean 'fee'"):
        log.with_number("fees", below=1)
    with pytest.raises(ValueError, match=r"Name a bound"):
        log.with_number("fee")
    with pytest.raises(sl.InsufficientDataError, match=r"holds no number in any case"):
        log.where(district="north").with_number("district", below=3)


def test_activities(log):
    assert ids(log.with_activity("Ask")) == "b"
    assert ids(log.with_activity("Ask", "Decide")) == ids(log.with_activity(["Ask", "Decide"])) == "abd"
    assert ids(log.with_activity("Ask").with_activity("Decide")) == "b"
    assert ids(log.without_activity("Ask")) == "acd"
    assert ids(log.starting_with("Intake")) == "abcd"
    assert ids(log.ending_in("Decide")) == "abd"
    assert ids(log.ending_in("Intake", "Ask")) == "c"
    with pytest.raises(sl.UnknownNameError, match=r"no activity 'Descide'. Did you mean 'Decide'"):
        log.ending_in("Descide")
    with pytest.raises(sl.InsufficientDataError, match=r"no cases whose first step is 'Decide' among 4"):
        log.starting_with("Decide")
    with pytest.raises(ValueError, match=r"at least one activity"):
        log.with_activity()


def test_slowest(log):
    assert ids(log.slowest(0.05)) == "b"  # 9 days 9.5 hours
    assert ids(log.slowest(0.34)) == "bd"  # 1.02 of three, rounded up
    assert ids(log.slowest(1)) == "abd"
    assert "slowest 5% of the closed ones, 9.4 days or longer: 1 of 4" in log.slowest(0.05).history[0]
    for share in (0, 5, -0.1, float("nan")):
        with pytest.raises(ValueError, match=r"is not a share"):
            log.slowest(share)
    with pytest.raises(sl.InsufficientDataError, match=r"none of 1 cases is closed"):
        log.with_cases(["c"]).slowest(0.5)


def test_slowest_keeps_ties(read_text):
    rows = "".join(f"{c},X,2025-01-0{d}T00:00:00Z,2025-01-0{d}T05:00:00Z\n" for d, c in enumerate("abcde", 1))
    assert ids(read_text("case,activity,start,complete\n" + rows).slowest(0.2)) == "abcde"


def test_sample(log):
    assert ids(log.sample(2, seed=3)) == ids(log.sample(2, seed=3))
    assert len({ids(log.sample(2, seed=s)) for s in range(40)}) == 6  # each pair comes up
    assert log.sample(0.5).n_cases == 2
    assert log.sample(0.01).n_cases == 1
    assert log.sample(4).n_cases == log.sample(1.0).n_cases == 4
    assert log.sample(1, seed=7).history == ("cases drawn at random (seed 7): 1 of 4",)
    with pytest.raises(ValueError, match=r"5 cases can't be drawn; log.csv has 4"):
        log.sample(5)
    for size in (0, 0.0, 1.5):
        with pytest.raises(ValueError, match=r"can't be drawn|is not a share"):
            log.sample(size)
    with pytest.raises(TypeError, match=r"neither a number of cases nor a share"):
        log.sample(True)


def test_with_cases(log):
    assert ids(log.with_cases(["d", "a", "a"])) == "ad"
    assert ids(log.with_cases("b")) == "b"
    assert ids(log.with_cases(sl.cycle_time(log).cases["case"])) == "abcd"
    with pytest.raises(sl.UnknownNameError, match=r"no case 'e'"):
        log.with_cases(["a", "e"])


def test_filters_compose_and_are_remembered(log, tmp_path):
    chosen = log.between("2025", "2025-02-10").where(resource="bob").ending_in("Decide")
    assert ids(chosen) == "ab"
    assert chosen.history == (
        "cases that arrived from 2025 to 2025-02-10: 3 of 4",
        "cases with resource 'bob': 2 of 3",
        "cases whose last step is 'Decide': 2 of 2",
    )
    assert repr(chosen).endswith(f"; {'; '.join(chosen.history)}>")
    assert sl.open_log(chosen.save(tmp_path / "store")).history == chosen.history
    with pytest.raises(sl.InsufficientDataError, match=r"already chosen: cases that arrived from 2025"):
        chosen.starting_with("Decide")
    assert log.history == ()


def test_a_chosen_case_is_whole(log):
    chosen = log.where(channel="mail")
    frame, all_ = chosen.to_frame(), log.to_frame()
    assert frame.equals(all_[all_["case"].isin(["a", "c"])].reset_index(drop=True))
    assert chosen.unfinished["case"].tolist() == [1]
    assert chosen.closed.tolist() == [True, False]
    assert chosen.attributes["district"].tolist() == ["north", "south"]
    assert sl.cycle_time(chosen).table is not None
    whole, part = (sl.cycle_time(x).cases.set_index("case")["cycle_time_days"] for x in (log, chosen))
    assert part["a"] == whole["a"]


def test_contacts_of_a_filtered_log(log, written):
    text = "case,at,why\na,2025-01-07T08:00Z,status\n,2025-01-07T09:00Z,status\nb,2025-02-01T08:00Z,fee\n"
    calls = sl.read_contacts(written(text, "calls.csv"), case="case", time="at", reason="why")
    mail = log.where(channel="mail")
    theirs = calls.of(mail)
    assert theirs.to_frame()["case"].tolist() == ["a"]
    assert theirs.to_frame()["reason"].tolist() == ["status"]
    assert theirs.history == (*mail.history, "contacts that name one of 2 cases: 1 of 3 (1 name no case)")
    assert "contacts that name" in repr(theirs)
    with pytest.raises(sl.InsufficientDataError, match=r"calls.csv was filtered .* Pass all contacts"):
        sl.link_contacts(mail, theirs, whole=log)
    linked = sl.link_contacts(mail, calls, whole=log)
    assert linked.link_share == pytest.approx(2 / 3)
    with pytest.raises(sl.InsufficientDataError, match=r"None of the 3 contacts of calls.csv names one of the 1 cases"):
        calls.of(log.with_cases(["d"]))


#: Filters, and for each the ids of the cases that it must choose, found step by step in a frame.
def _slow(frame: pd.DataFrame, name: str, word: str) -> set[str]:
    groups = dict(list(frame.groupby("case")))
    rules = {
        "with_activity": lambda f: (f["activity"] == word).any(),
        "without_activity": lambda f: not (f["activity"] == word).any(),
        "starting_with": lambda f: f["activity"].iloc[0] == word,
        "ending_in": lambda f: f["activity"].iloc[-1] == word,
        "resource": lambda f: (f["resource"] == word).any(),
        "channel": lambda f: (known := f["channel"].dropna()).size > 0 and known.iloc[0] == word,
        "slowest": lambda f: _length(f) >= sorted(map(_length, groups.values()))[-max(1, -(-len(groups) * 3 // 10))],
        "arrival": lambda f: 3 <= f["complete"].min().day < 7,
        "activity": lambda f: f["complete"].min().day < 7 and f["complete"].max().day >= 3,
        "completion": lambda f: 3 <= f["complete"].max().day < 7,
    }
    return {case for case, steps in groups.items() if rules[name](steps)}


def _steps(log) -> list[list[object]]:
    """All steps, None where nothing is recorded (pandas has two words for that)."""
    return [
        [None if pd.isna(value) else value for value in step] for step in log.to_frame().to_numpy(dtype=object).tolist()
    ]


def _length(steps: pd.DataFrame) -> float:
    return float((steps["complete"].max() - steps["complete"].min()).total_seconds())


@given(
    rows=st.lists(
        st.tuples(*(st.sampled_from(x) for x in ("abcde", "xyz", "pq-", "mo-")), st.integers(1, 9), st.integers(0, 23)),
        min_size=1,
        max_size=25,
    ),
    chain=st.lists(st.integers(0, 9), min_size=1, max_size=3),
)
def test_filters_and_chains_of_them_equal_loops_over_steps(rows, chain):
    frame = pd.DataFrame(rows, columns=["case", "activity", "resource", "channel", "day", "hour"])
    frame["complete"] = [f"2025-01-{d:02d}T{h:02d}:00Z" for d, h in zip(frame["day"], frame["hour"], strict=True)]
    log = whole = sl.read_log(frame.drop(columns=["day", "hour"]), missing=["-"], timezone="UTC")
    if log.resource is None or log.channel is None:
        return
    for k in chain:
        name, word = [
            ("with_activity", "x"), ("without_activity", "x"), ("starting_with", "y"), ("ending_in", "z"), ("resource", "p"),
            ("channel", "m"), ("slowest", ""), ("arrival", ""), ("activity", ""), ("completion", ""),
        ][k]  # fmt: skip
        expected = _slow(log.to_frame(), name, word)
        if name in ("arrival", "activity", "completion"):
            ask = lambda name=name, log=log: log.between("2025-01-03", "2025-01-06", by=name)  # noqa: E731
        elif name in ("resource", "channel"):
            ask = lambda name=name, word=word, log=log: log.where({name: word})  # noqa: E731
        else:
            ask = lambda name=name, word=word, log=log: getattr(log, name)(word or 0.3)  # noqa: E731
        known = {"resource": log.resource.names, "channel": log.channel.names}.get(
            name, log.activities if word else (word,)
        )
        if word not in known or not expected:
            with pytest.raises((sl.UnknownNameError, sl.InsufficientDataError)):
                ask()
            return
        log = ask()
        assert set(log.case_ids.to_pylist()) == expected
        assert _steps(log) == [step for step in _steps(whole) if step[0] in expected]
    assert len(log.history) == len(chain)


@given(sizes=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=12))
def test_rows_of_groups_are_those_of_a_loop(sizes):
    offsets = np.concatenate([[0], np.cumsum([n for n, _ in sizes])]).astype(np.int64)
    chosen = np.array([c for _, c in sizes], dtype=np.bool_)
    kept = [list(range(offsets[k], offsets[k + 1])) for k in range(len(sizes)) if chosen[k]]
    bounds, rows = rows_of_groups(offsets, chosen)
    assert rows.tolist() == [row for group in kept for row in group]
    assert bounds.tolist() == np.cumsum([0, *map(len, kept)]).tolist()


@pytest.mark.real
def test_filters_of_a_real_log_agree_with_pandas(real_log):
    log = real_log("receipt")
    frame = log.to_frame()
    last = frame.groupby("case", sort=False)["activity"].last()
    chosen = log.ending_in("T10 Determine necessity to stop indication")
    assert set(chosen.case_ids.to_pylist()) == set(last[last == "T10 Determine necessity to stop indication"].index)
    first = frame.groupby("case")["complete"].min()
    march = log.between("2011-03", "2011-03")
    local = first.dt.tz_convert("Europe/Amsterdam").dt.tz_localize(None).dt.to_period("M").astype(str)
    assert set(march.case_ids.to_pylist()) == set(first[local == "2011-03"].index)
    assert 0 < march.n_cases < log.n_cases
