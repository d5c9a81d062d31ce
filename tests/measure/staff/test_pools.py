"""Pools of resources: small logs whose groups are plain to see, names given by pattern, and services whose pools are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.staff.pools import resource_pools

Rows = list[tuple[Any, ...]]


def office(work: dict[str, dict[str, int]]) -> Rows:
    """Steps of half an hour, one after another, each of a case of its own: so often each does each activity."""
    done = [(who, what) for who, acts in work.items() for what, n in acts.items() for _ in range(n)]
    return [(str(i), what, i / 2, (i + 1) / 2, who) for i, (who, what) in enumerate(done)]


@pytest.fixture
def pools_of(log_of: Callable[..., EventLog]) -> Callable[..., Any]:
    """`pools_of(work, **options)`: the pools of an office."""

    def make(work: dict[str, dict[str, int]], **options: Any) -> Any:
        return resource_pools(log_of(office(work), columns=("resource",), timezone="UTC"), **options)

    return make


def members(result: Any) -> dict[str, set[str]]:
    return {str(pool): set(group["resource"]) for pool, group in result.cases.groupby("pool")}


CLERKS = {"ann": {"intake": 30, "ask": 10}, "bob": {"intake": 24, "ask": 16}}
EXAMINERS = {"eve": {"review": 40}, "dan": {"review": 30, "ask": 5}}


def test_who_does_the_same_work_is_one_pool(pools_of: Callable[..., Any]) -> None:
    found = pools_of(CLERKS | EXAMINERS)
    assert members(found) == {"pool of intake": {"ann", "bob"}, "pool of review": {"eve", "dan"}}
    table = found.table.set_index("pool")
    assert table["n_steps"].to_dict() == {"pool of intake": 80, "pool of review": 75}
    assert table.loc["pool of intake", "activities"] == "intake (68%), ask (32%)"
    assert table["steps_share"].sum() == pytest.approx(1)
    # clerks: profiles 0.75/0.25 and 0.6/0.4, pooled 0.675/0.325: each overlaps the pool by 0.925
    assert table.loc["pool of intake", "overlap_within"] == pytest.approx(0.925)
    # the pooled profiles have in common min(0.325, 5/75) of asking
    assert table.loc["pool of intake", "overlap_nearest"] == pytest.approx(5 / 75)
    assert found.silhouette > 0.8
    assert found.caveats == ()


def test_codes_point_at_the_pools_and_the_activities_add_up(pools_of: Callable[..., Any]) -> None:
    found = pools_of(CLERKS | EXAMINERS)
    by_code = [found.pools[k] for k in found.pool_of_resource]
    assert sorted(by_code) == ["pool of intake"] * 2 + ["pool of review"] * 2
    asked = found.activities[found.activities["activity"] == "ask"].set_index("pool")
    assert asked["n_steps"].to_dict() == {"pool of intake": 26, "pool of review": 5}
    assert asked["share_of_activity"].sum() == pytest.approx(1)
    assert found.activities.groupby("pool")["share_of_pool"].sum().tolist() == pytest.approx([1, 1])


def test_names_given_by_pattern_go_first(pools_of: Callable[..., Any]) -> None:
    found = pools_of(CLERKS | EXAMINERS, given={"Front": ["a*", "eve"]})
    assert members(found) == {"Front": {"ann", "eve"}, "pool of intake": {"bob"}, "pool of review": {"dan"}}
    assert found.table.set_index("pool")["given"].to_dict() == {
        "Front": True,
        "pool of intake": False,
        "pool of review": False,
    }


def test_patterns_that_cannot_be_met_are_refused(pools_of: Callable[..., Any]) -> None:
    with pytest.raises(UnknownNameError, match="'anne'"):
        pools_of(CLERKS, given={"Front": ["anne"]})
    with pytest.raises(ValueError, match="'ann' matches the pools 'Front' and 'Back'"):
        pools_of(CLERKS, given={"Front": ["a*"], "Back": ["*n"]})
    with pytest.raises(ValueError, match="overlap is 0"):
        pools_of(CLERKS, overlap=0)


def test_a_log_without_resources_has_no_pools(log_of: Callable[..., EventLog]) -> None:
    with pytest.raises(InsufficientDataError, match="resource="):
        resource_pools(log_of([("1", "a", 0, 1)], timezone="UTC"))
    nobody = log_of([("1", "a", 0, 1, "ann")], columns=("resource",), timezone="UTC", external=["a"])
    with pytest.raises(InsufficientDataError, match="no step of staff"):
        resource_pools(nobody)


def test_who_does_little_joins_the_like_or_is_grouped_by_activity(pools_of: Callable[..., Any]) -> None:
    found = pools_of(
        CLERKS | EXAMINERS | {"tim": {"review": 2}, "zoe": {"archive": 3}, "yan": {"archive": 1, "review": 0}}
    )
    assert members(found)["pool of review"] == {"eve", "dan", "tim"}
    assert members(found)["pool of archive"] == {"zoe", "yan"}
    assert found.caveats[0].startswith("3 resources have too few steps")


def test_two_pools_with_one_main_activity_have_different_names(pools_of: Callable[..., Any]) -> None:
    found = pools_of(
        {"ann": {"a": 30, "b": 29, "c": 28}, "bob": {"a": 20, "d": 19, "e": 18, "f": 17, "g": 16, "h": 15}}
    )
    assert found.pools == ("pool of a", "pool of a, b")  # bob's 105 steps name the first


def test_work_that_differs_without_groups_cannot_be_told_and_says_so(pools_of: Callable[..., Any]) -> None:
    rng = np.random.default_rng(3)
    work = {
        f"r{k}": {f"a{j}": int(n) for j, n in enumerate(rng.multinomial(400, rng.dirichlet(np.full(8, 0.5)))) if n}
        for k in range(24)
    }
    found = pools_of(work)
    assert len(found.pools) > 1
    assert found.silhouette < 0.25
    assert "can't be told from who does what" in found.caveats[0]


def test_names_of_resources_change_nothing(pools_of: Callable[..., Any]) -> None:
    renamed = {f"x{len(v)}-{k[::-1]}": v for k, v in (EXAMINERS | CLERKS).items()}
    before, after = pools_of(CLERKS | EXAMINERS), pools_of(renamed)
    assert before.table.drop(columns="pool").equals(after.table.drop(columns="pool"))
    assert before.pools == after.pools


def test_external_steps_and_steps_without_resource_do_not_count(log_of: Callable[..., EventLog]) -> None:
    rows = [*office(CLERKS), ("w", "wait", 0, 9, "customer"), ("v", "intake", 0, 1, None)]
    log = log_of(rows, columns=("resource",), timezone="UTC", external=["wait"])
    found = resource_pools(log)
    assert members(found) == {"pool of intake": {"ann", "bob"}}
    assert found.pool_of_resource.tolist().count(-1) == 1
    assert found.excluded == {"without a step that has a resource": 1}
    assert found.caveats == ("1 of 82 steps have no resource and aren't counted.",)
    assert np.isnan(found.silhouette)


def test_the_chart_names_pools_and_no_people(pools_of: Callable[..., Any]) -> None:
    chart = pools_of(CLERKS | EXAMINERS).chart()
    assert [bar.label for bar in chart.bars] == ["pool of intake (2)", "pool of review (2)"]
    assert sum(bar.value for bar in chart.bars) == pytest.approx(100)


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm"])
def test_the_permit_office_has_clerks_examiners_a_supervisor_and_a_system(name: str, shared_truth: Path) -> None:
    log = read_log(
        shared_truth / name / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        resource="worker", timezone="UTC", external=["Information received"],
    )  # fmt: skip
    found = resource_pools(log)
    assert {pool: {who.split("-")[0] for who in people} for pool, people in members(found).items()} == {
        "pool of Intake check": {"clerk"},
        "pool of Technical review": {"examiner"},
        "pool of Approve decision": {"supervisor"},
        "pool of Issue decision": {"system"},
    }
    assert found.silhouette > 0.9
    given = resource_pools(log, given={"Examiners": ["examiner-*"]})
    assert len(members(given)["Examiners"]) == 6


@pytest.mark.real
def test_the_published_loan_model_has_its_pools(shared_truth: Path) -> None:
    """Six pools in the model; the sixth is the applicant, whose step is external."""
    log = read_log(
        shared_truth / "loan" / "events.csv.gz", case="application", activity="step", start="began", complete="finished",
        resource="worker", timezone="UTC", external=["Applicant completes form"],
    )  # fmt: skip
    kinds = [{who.rsplit("_", 1)[0] for who in people} for people in members(resource_pools(log)).values()]
    assert sorted(map(sorted, kinds)) == [
        ["AML Investigator"], ["Appraiser"], ["Clerk"], ["Loan Officer"], ["Senior Officer"],
    ]  # fmt: skip


@pytest.mark.real
def test_two_halves_of_a_real_log_give_much_the_same_pools(real_log: Callable[[str], Any]) -> None:
    """Pools of bpic2017-w found in even and in odd cases: pairs of people are in one pool or apart alike (Rand index)."""
    log = real_log("bpic2017-w")
    halves = []
    for odd in (0, 1):
        found = resource_pools(log.select(np.arange(log.n_cases) % 2 == odd, because="half"), min_steps=100)
        busy = found.cases[found.cases["n_steps"] >= 100]
        halves.append(busy.set_index("resource")["pool"])
    both = halves[0].index.intersection(halves[1].index)
    a, b = (pd_codes(half.loc[both]) for half in halves)
    together = (a[:, None] == a) == (b[:, None] == b)
    assert len(both) > 80
    assert together[np.triu_indices(len(both), 1)].mean() > 0.85


def pd_codes(labels: Any) -> np.ndarray:
    return np.unique(labels.to_numpy(dtype=str), return_inverse=True)[1]
