"""Replays of later cases on real logs: as far from what happened as distances made by others say, and beside the rival."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("log_distance_measures")
sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import verify_replay

from streamline.units import HOUR
from streamline.whatif.queue_model import fit_queues

#: Logs whose cycle times aren't nearer than the earlier cases' own: up to how many times as far off, and why.
FARTHER: dict[str, tuple[float, str]] = {
    "purchasing": (1.05, "Later cases took twice as long as those before (33 days against 16), which nothing before tells."),
    "bpic2017-w": (2.0, "The last quarter before the split, from which cases are drawn, was slower than all before and after."),
}  # fmt: skip


def hours_of(frame):
    """Cycle times as the package counts them: first start to last completion."""
    by = frame.groupby("case")
    return (by["complete"].max() - by["start"].min()).dt.total_seconds() / 3600


def test_frames_hold_the_log_by_the_hand(read_text):
    """Two cases a day apart, the second moved by two hours; of a step without a start only the end is known."""
    log = read_text(
        "case,activity,start,complete\n"
        "a,Check,2025-01-06 08:00,2025-01-06 09:00\na,Decide,,2025-01-06 12:00\nb,Check,2025-01-07 08:00,2025-01-07 08:30\n",
        case="case", activity="activity", start="start", complete="complete",
    )  # fmt: skip
    frame = verify_replay.placed(log, np.array([1, 0]), np.array([2 * HOUR, 0]))
    assert frame["case"].tolist() == [0, 1, 1]
    assert frame["activity"].tolist() == ["Check", "Check", "Decide"]
    assert frame["start"].dt.strftime("%d %H:%M").tolist() == ["07 10:00", "06 08:00", "06 12:00"]
    assert frame["complete"].dt.strftime("%d %H:%M").tolist() == ["07 10:30", "06 09:00", "06 12:00"]
    assert verify_replay.distances(frame, frame) == [0, 0, 0, 0, 0]


@pytest.mark.real
@pytest.mark.parametrize("name", ["bpic2012-w", "production", "purchasing"])
def test_distances_of_cycle_times_are_those_of_the_package(real_log, name):
    """Of the rival, which no chance touches: the package counts whole hours, so the two differ by less than one."""
    log = real_log(name)
    later = fit_queues(log).validation.held_out
    early, late = np.arange(later.n_earlier), np.arange(later.n_earlier, log.n_cases)
    none = np.zeros(log.n_cases, dtype=np.int64)
    observed, shift = (verify_replay.placed(log, c, none[: len(c)]) for c in (late, early))
    assert np.sort(hours_of(observed)) == pytest.approx(np.sort(24 * later.observed), abs=1e-3)
    assert verify_replay.distances(observed, shift)[-1] == pytest.approx(later.shift_distance_hours, abs=1)


@pytest.mark.real
@pytest.mark.parametrize("name", ["bpic2012-w", "production", "purchasing", "bpic2017-w"])
def test_later_cases_are_replayed_nearer_than_the_earlier_ones_lie(real_log, name):
    later = fit_queues(real_log(name)).validation.held_out
    times, _ = FARTHER.get(name, (1.0, ""))
    assert later.distance_hours <= times * later.shift_distance_hours


@pytest.mark.real
def test_nothing_is_replayed_past_the_end_of_the_log(real_log):
    log = real_log("purchasing")
    known = np.arange(log.n_cases)
    split = int(0.7 * log.n_cases)
    past = fit_queues(log.select(known < split, because="the earlier part"))
    for frame in verify_replay.later_replays(past, log, known[split:], replays=3):
        assert frame["complete"].max() <= log.instants(np.array([log.observed_until]))[0]
        assert frame["start"].min() >= log.instants(log.arrival[[split]])[0]
        assert (frame["start"] <= frame["complete"]).all()
        assert 0 < frame["case"].nunique() <= log.n_cases - split
