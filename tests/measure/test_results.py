"""What every result can do: show itself, become JSON, open to its cases; and nothing of it is the log's."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from streamline.log.read import read_contacts, read_feedback
from streamline.measure.contacts.rates import contact_rates
from streamline.measure.duration import cycle_time
from streamline.measure.feedback import feedback_scores
from streamline.measure.flow import directly_follows, process_map, variants
from streamline.measure.groups import by_group
from streamline.measure.loops.rework import rework_loops
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.units import counted

EVIL = "<script>alert('x')</script>"
#: Columns of `.cases` of each result.
CASES = {
    "CycleTime": ["case", "arrival", "last_completion", "closed", "cycle_time_days"],
    "DirectlyFollows": ["case", "source", "target", "completed", "hours"],
    "Variants": ["case", "variant"],
    "ProcessMap": ["case", "source", "target", "completed", "hours"],
    "Bottlenecks": ["case", "activity", "enabled", "start", "complete", "waiting_hours", "service_hours", "sojourn_hours"],
    "ReworkLoops": ["case", "loop", "head", "trigger", "leaving", "signature", "started", "ended", "days", "staff_hours"],
    "ContactRates": ["case", "time", "weight", "days_since_arrival", "fate", "reason", "row", "state", "waiting", "overdue"],
    "Groups": ["case", "group", "cycle_time_days"],
    "FeedbackScores": ["case", "score", "cycle_time_days"],
}  # fmt: skip


@pytest.fixture(scope="module")
def log(log_of):
    rows = [
        (f"c{k}", name, None if name == "Note" else 10 * k + 3 * i, 10 * k + 3 * i + 2, "mail" if k % 2 else EVIL)
        for k in range(4)
        for i, name in enumerate(["Intake", EVIL, "Intake", "Note", "Decide"])
    ]
    return log_of([*rows, ("c9", "Intake", 0, 30, None)], columns=("channel",), ends=["Decide"])


@pytest.fixture(scope="module")
def results(log, at):
    calls = pd.DataFrame({"case": ["c0", "c1", "", "c9"], "time": [at(h) for h in (1, 12, 13, 40)],
                          "reason": ["status", EVIL, "status", None]})  # fmt: skip
    contacts = read_contacts(calls, case="case", time="time", reason="reason", status_reasons=["status"])
    answers = read_feedback(pd.DataFrame({"case": ["c0", "c2"], "score": [1, 4]}), case="case", score="score",
                            scale=(1, 5))  # fmt: skip
    made = [
        cycle_time(log, standard="1 day", draws=20),
        directly_follows(log),
        variants(log),
        process_map(log),
        bottlenecks(log, draws=20),
        rework_loops(log, draws=20),
        contact_rates(log, contacts, draws=20),
        by_group(log, draws=20),
        feedback_scores(log, answers, draws=20),
    ]
    return {type(result).__name__: result for result in made}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


@pytest.mark.parametrize("name", CASES)
def test_results_show_themselves(results, name: str) -> None:
    result = results[name]
    text = repr(result)
    assert text.startswith(f"<{name}: {counted(len(result.table), 'row')}, n={result.n}")
    page = result._repr_html_()
    parser = _Tags()
    parser.feed(page)
    assert "script" not in parser.tags
    assert parser.tags & {"table", "svg"}


@pytest.mark.parametrize(
    "name", ["Bottlenecks", "DirectlyFollows", "ReworkLoops", "Variants", "ContactRates", "Groups"]
)
def test_names_from_the_log_are_escaped(results, name: str) -> None:
    page = results[name]._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script" not in page


@pytest.mark.parametrize("name", CASES)
def test_results_become_json(results, name: str) -> None:
    """Strict JSON (no NaN), with as many rows as the table, and the counts of what was left out."""
    result = results[name]
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert data["kind"] == name
    assert (data["n"], data["excluded"]) == (result.n, dict(result.excluded))
    assert [list(r) for r in data["rows"]] == [list(result.table.columns)] * len(result.table)
    assert data["caveats"] == list(result.caveats)


@pytest.mark.parametrize("name", CASES)
def test_results_open_to_their_cases(results, name: str) -> None:
    result, columns = results[name], CASES[name]
    assert list(result.cases.columns) == columns
    assert len(result.cases) > 0
    assert set(result.cases["case"]) <= {"c0", "c1", "c2", "c3", "c9"}


@pytest.mark.parametrize("name", CASES)
def test_the_frames_are_not_the_logs(log, results, name: str) -> None:
    """Whatever is written into a result's frames, the log stays as it was; `to_frame` is a copy of the table."""
    before = [a.copy() for a in (log.activity, log.start, log.complete, log.arrival)]
    result = results[name]
    frames = [result.to_frame(), result.cases.copy(deep=False)]
    table = result.table.copy(deep=True)
    for frame in frames:
        for column in frame.columns:
            frame[column] = frame[column].to_numpy()[::-1].copy()
        frame.iloc[0] = frame.iloc[-1]
    pd.testing.assert_frame_equal(result.table, table)
    for one, two in zip(before, (log.activity, log.start, log.complete, log.arrival), strict=True):
        assert np.array_equal(one, two)


def test_writing_into_the_cases_in_place_does_not_reach_the_log(log) -> None:
    before = log.arrival.copy(), log.complete.copy()
    for frame, column in (
        (cycle_time(log, draws=5).cases, "arrival"),
        (cycle_time(log, draws=5).cases, "last_completion"),
        (directly_follows(log).cases, "completed"),
        (bottlenecks(log, draws=5).cases, "complete"),
    ):
        frame.loc[0, column] = pd.Timestamp("2000-01-01", tz="UTC")
        frame.loc[1:, column] = pd.NaT
    assert np.array_equal(before[0], log.arrival)
    assert np.array_equal(before[1], log.complete)


@pytest.mark.parametrize("name", CASES)
def test_charts_hold_only_finite_numbers(results, name: str) -> None:
    chart = results[name].chart()
    assert chart.title
    assert "nan" not in chart.title
    for bar in getattr(chart, "bars", ()):
        assert np.isfinite([v for v in (bar.value, bar.low, bar.high) if v is not None]).all()
