"""Ping-pong by hand, on logs with known counts, and on the permits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamline.errors import InsufficientDataError, MissingColumnError, UnknownNameError
from streamline.log.read import read_log
from streamline.measure.loops.handover import ping_pong

#: One line a step: who did it, from when to when. k goes Ann, Bob, Ann, Ann, Cem, Ann; m goes Ann, Bob, Cem.
ROWS = [
    ("k", "Intake", 0, 1, "Ann"), ("k", "Review", 2, 4, "Bob"), ("k", "Intake", 6, 7, "Ann"), ("k", "Note", 7, 8, "Ann"),
    ("k", "Review", 9, 10, "Cem"), ("k", "Decide", 12, 13, "Ann"),
    ("m", "Intake", 0, 1, "Ann"), ("m", "Review", 2, 4, "Bob"), ("m", "Decide", 5, 6, "Cem"),
]  # fmt: skip
COLUMNS = ("resource",)


def test_round_trips_by_hand(log_of) -> None:
    """Ann to Bob and back, away from 1 to 6; Ann to Cem and back, from 8 to 12: 9 hours over two cases."""
    got = ping_pong(log_of(ROWS, columns=COLUMNS))
    assert got.table[["from_unit", "to_unit", "n_round_trips", "n_cases"]].to_numpy().tolist() == [
        ["Ann", "Bob", 1, 1], ["Ann", "Cem", 1, 1]]  # fmt: skip
    assert (got.table["days_per_round_trip"] * 24).tolist() == pytest.approx([5, 4])
    assert got.days_per_case.value == pytest.approx(9 / 24 / 2)
    assert (got.cases_share.value, got.n_round_trips) == (0.5, 2)
    assert got.cases["left_after"].tolist() == ["Intake", "Note"]
    assert got.cases["came_back_for"].tolist() == ["Intake", "Decide"]
    assert (got.cases["days_away"] * 24).tolist() == pytest.approx([5, 4])
    assert got.chart().bars[0].label == "Ann → Bob and back"


def test_who_began_again_before_being_done_was_not_away(log_of) -> None:
    """Ann's note runs from 2 to 7, beside her intake until 5: nothing lies between them. Cases away longer aren't made up for."""
    rows = [
        ("k", "Intake", 0, 5, "Ann"), ("k", "Review", 3, 6, "Bob"), ("k", "Note", 2, 7, "Ann"),
        ("m", "Intake", 0, 1, "Ann"), ("m", "Review", 3, 6, "Bob"), ("m", "Note", 8, 9, "Ann"),
    ]  # fmt: skip
    got = ping_pong(log_of(rows, columns=COLUMNS))
    assert (got.cases["days_away"] * 24).tolist() == pytest.approx([0, 7])
    assert got.days_per_case.value == pytest.approx(3.5 / 24)
    assert got.days_per_case.low is None or got.days_per_case.low >= 0


def test_groups_see_other_trips_than_people(log_of) -> None:
    """Bob and Cem are one group: to Ann's colleagues they are the same desk, and m never comes back."""
    log = log_of(ROWS, columns=COLUMNS)
    desk = {"Ann": "Clerks", "Bob": "Experts", "Cem": "Experts"}
    got = ping_pong(log, by="group", groups=[desk[n] for n in log.resource.names])
    assert got.table[["from_unit", "to_unit", "n_round_trips"]].to_numpy().tolist() == [["Clerks", "Experts", 2]]
    without = ping_pong(log, by="group", groups=[None if n == "Cem" else n for n in log.resource.names])
    assert without.table[["from_unit", "to_unit", "n_round_trips"]].to_numpy().tolist() == [["Ann", "Bob", 1]]


def test_unknown_people_and_the_customer_make_no_trip(log_of) -> None:
    rows = [("k", "Intake", 0, 1, "Ann"), ("k", "Reply", 2, 4, "Customer"), ("k", "Intake", 6, 7, "Ann"),
            ("m", "Intake", 0, 1, "Ann"), ("m", "Review", 2, 4, None), ("m", "Intake", 6, 7, "Ann")]  # fmt: skip
    got = ping_pong(log_of(rows, columns=COLUMNS, external=["Reply"]))
    assert (got.n_round_trips, got.cases_share.value) == (0, 0.0)
    assert got.table.empty
    assert got.caveats[0].startswith("For 20% of the steps no resource is recorded")
    assert ping_pong(log_of(rows, columns=COLUMNS)).n_round_trips == 1


def test_channels(log_of) -> None:
    rows = [("k", "Ask", 0, 1, "mail"), ("k", "Ask", 2, 3, "phone"), ("k", "Ask", 5, 6, "mail")]
    got = ping_pong(log_of(rows, columns=("channel",)), by="channel")
    assert got.table[["from_unit", "to_unit"]].to_numpy().tolist() == [["mail", "phone"]]


def test_refusals(log_of) -> None:
    log = log_of(ROWS, columns=COLUMNS)
    with pytest.raises(MissingColumnError, match="channel"):
        ping_pong(log, by="channel")
    with pytest.raises(UnknownNameError, match="Did you mean 'resource'"):
        ping_pong(log, by="resources")
    with pytest.raises(ValueError, match="one group for each of the 3 resources of the log; 2 were given"):
        ping_pong(log, by="group", groups=["x", "y"])
    with pytest.raises(ValueError, match="takes none"):
        ping_pong(log, groups=["x", "y", "z"])
    log = log_of(ROWS, columns=COLUMNS, ends=["Note"])
    log = log.select(~log.closed, because="open ones")
    with pytest.raises(InsufficientDataError, match="no hand-over to tell of"):
        ping_pong(log)


@pytest.mark.real
@pytest.mark.parametrize(("name", "n"), [("ping_pong", 1), ("two_ping_pongs", 2), ("double_ping_pong", 2)])
def test_the_known_counts(shared_data: Path, name: str, n: int) -> None:
    """Published logs whose names say how many ping-pongs they hold."""
    log: Any = read_log(
        shared_data / "waiting-causes" / f"{name}_case.csv", case="case:concept:name", activity="concept:name",
        resource="org:resource", start="start_timestamp", complete="time:timestamp", timezone="America/New_York",
    )  # fmt: skip
    got = ping_pong(log)
    assert got.n_round_trips == n
    assert got.cases["from_unit"].iloc[0] == "Kim Passa"


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm"])
def test_between_clerks_and_examiners_it_is_the_reviews_that_return(shared_truth: Path, name: str) -> None:
    """In the simulation a review that goes back to intake is the only way from an examiner back to a clerk."""
    log: Any = read_log(
        shared_truth / name / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        resource="worker", channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    got = ping_pong(log, by="group", groups=[n.split("-")[0] for n in log.resource.names], draws=20)
    frame = log.to_frame()
    follower = frame.groupby("case")["activity"].shift(-1)
    returned = (frame["activity"] == "Technical review") & (follower == "Intake check")
    assert got.table[["from_unit", "to_unit", "n_round_trips", "n_cases"]].to_numpy().tolist() == [
        ["clerk", "examiner", returned.sum(), frame[returned]["case"].nunique()]
    ]
