"""On every real log: what must add up adds up, to the microsecond, for every case."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.measure.duration import cycle_time
from streamline.measure.loops.rework import loop_occurrences, rework_loops
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.measure.waits.path import paths

pytestmark = pytest.mark.real

NAMES = (
    "receipt", "road-traffic-fines", "bpic2015-1", "bpic2015-2", "bpic2015-3", "bpic2015-4", "bpic2015-5", "bpic2012",
    "bpic2012-w", "bpic2017-w", "bpic2020-domestic", "bpic2020-international", "bpic2020-permit", "bpic2020-prepaid",
    "bpic2020-payment", "boston-311", "uci-incidents", "hospital-billing", "helpdesk", "sepsis", "production",
    "purchasing",
)  # fmt: skip


def test_no_real_log_is_forgotten(real_logs) -> None:
    assert set(NAMES) == set(real_logs)


@pytest.mark.parametrize("name", NAMES)
def test_every_case_adds_up_to_the_microsecond(real_log, name: str) -> None:
    log = real_log(name)
    some = np.diff(log.case_offsets) > 0
    cycle = (log.last_completion - log.arrival)[some]
    assert (cycle >= 0).all()

    found = paths(log)
    assert (found.waiting >= 0).all()
    assert (found.service >= 0).all()
    assert (found.sojourn >= 0).all()
    assert (found.per_case(found.waiting + found.service + found.sojourn)[some] == cycle).all()

    loops = loop_occurrences(log)
    first = loops.loop < 0
    time = np.zeros(log.n_cases, dtype=np.int64)
    np.add.at(time, log.case_of_step[first], loops.time[first])
    np.add.at(time, loops.case, loops.sums(loops.time))
    assert (time[some] == cycle).all()
    assert (loops.time >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_no_case_is_lost(real_log, name: str) -> None:
    """n and what was left out make the cases of the log; the table's days make the mean cycle time."""
    log = real_log(name)
    cycle, path = cycle_time(log, draws=5), bottlenecks(log, draws=5)
    assert cycle.n + sum(cycle.excluded.values()) == log.n_cases
    assert path.n + sum(path.excluded.values()) == log.n_cases
    assert len(cycle.cases) == log.n_cases
    assert cycle.cases["closed"].sum() == cycle.n == path.n
    days = path.table[["waiting_days_per_case", "service_days_per_case", "sojourn_days_per_case"]].sum().sum()
    assert days == pytest.approx(cycle.mean.value, rel=1e-9)


@pytest.mark.parametrize("name", ["receipt", "bpic2015-3", "bpic2017-w", "uci-incidents", "sepsis"])
def test_the_families_hold_all_occurrences(real_log, name: str) -> None:
    got = rework_loops(real_log(name), draws=5)
    assert got.table["n_occurrences"].sum() == len(got.cases)
    assert got.table["days_per_case"].sum() == pytest.approx(got.days_per_case.value, rel=1e-9)
    assert got.cases["case"].nunique() / got.n == pytest.approx(got.cases_share.value)
    assert (got.table["n_cases"] <= got.table["n_occurrences"]).all()


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        # The loops for which these logs are known must not pass for activities done side by side.
        ("bpic2012-w", {"W_Nabellen incomplete dossiers", "W_Valideren aanvraag"}),
        ("bpic2017-w", {"W_Call incomplete files", "W_Validate application"}),
        ("bpic2020-payment", {"Request For Payment REJECTED by SUPERVISOR", "Request For Payment SUBMITTED by EMPLOYEE"}),
        ("uci-incidents", {"Active", "Awaiting User Info"}),
    ],
)  # fmt: skip
def test_known_loops_are_not_concurrent(real_log, name: str, pair: set[str]) -> None:
    log = real_log(name)
    assert pair <= set(log.activities)
    assert pair not in [set(p) for p in paths(log).concurrent]
    loops = rework_loops(log, draws=5).table
    assert any(pair == {r.head, r.trigger} for r in loops.itertuples())
