"""Factors by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import UnknownNameError
from streamline.log.read import read_log
from streamline.measure.factor import OTHER, UNKNOWN, Factor, arrival_factors, arrival_weeks, pooled


@pytest.fixture(scope="module")
def log(at):
    """12 cases, one a day from a Monday on: `fee` 0 to 1100 by hundreds, `kind` a, b or none, `number` names the case."""
    frame = pd.DataFrame(
        {
            "case": [f"c{k:02}" for k in range(12)],
            "activity": "Intake",
            "complete": [at(24 * k + 9) for k in range(12)],
            "who": ["ann", "bob", "ann", "cem"] * 3,
            "channel": ["mail"] * 7 + ["phone"] * 5,
            "kind": ["a", "b", None, "a"] * 3,
            "number": [f"n{k}" for k in range(12)],
            "fee": [str(100 * k) for k in range(12)],
        }
    )
    more = pd.concat([frame] * 4).assign(case=lambda f: [f"{c}-{i // 12}" for i, c in enumerate(f["case"])])
    more["number"] = more["case"]
    more["fee"] = [str(100 * (i % 12) + i // 12) for i in range(48)]
    return read_log(more, case="case", activity="activity", complete="complete", resource="who", channel="channel",
                    attributes=["kind", "number", "fee"])  # fmt: skip


def levels(factor: Factor) -> dict[str, int]:
    return dict(zip(factor.levels, factor.counts.tolist(), strict=True))


def test_what_is_known_at_arrival(log) -> None:
    got = arrival_factors(log, np.arange(48), min_cases=5)
    found = {f.name: levels(f) for f in got.factors}
    assert found["channel"] == {"mail": 28, "phone": 20}
    assert found["kind"] == {"a": 24, "b": 12, UNKNOWN: 12}
    assert found["first person"] == {"ann": 24, "bob": 12, "cem": 12}
    assert found["weekday of arrival"] == {
        "Friday": 8, "Monday": 8, "Thursday": 8, "Tuesday": 8, "Wednesday": 8, OTHER: 8}  # fmt: skip
    assert found["fee"] == {"up to 203": 12, "over 203 to 503": 12, "over 503 to 803": 12, "over 803": 12}
    assert "number" not in found
    assert got.notes == ("Attributes that nearly name each case are left out: 'number'.",)
    assert arrival_weeks(log, np.arange(48)).tolist() == [0] * 28 + [1] * 20


def test_groups_stand_for_people(log) -> None:
    clerk = {"ann": "Clerks", "bob": "Clerks", "cem": None}
    got = arrival_factors(
        log, np.arange(48), attributes=[], groups=[clerk[n] for n in log.resource.names], weekday=False, min_cases=5
    )
    assert {f.name: levels(f) for f in got.factors}["first group"] == {"Clerks": 36, UNKNOWN: 12}


def test_refusals(log) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'kind'"):
        arrival_factors(log, np.arange(48), attributes=["kinds"], min_cases=5)
    with pytest.raises(ValueError, match="one entry for each of the 3 resources of the log; 1 were given"):
        arrival_factors(log, np.arange(48), groups=["x"], min_cases=5)


def test_rare_levels_are_pooled_and_none_is_lost() -> None:
    factor = Factor(name="x", codes=np.array([0] * 6 + [1] * 3 + [2] * 2 + [4]), levels=("p", "q", "r", "s", "t"))
    got = pooled(factor, min_cases=3)
    assert levels(got) == {"p": 6, "q": 3, OTHER: 3}
    assert got.codes.tolist() == [0] * 6 + [1] * 3 + [2] * 3
    assert levels(pooled(factor, min_cases=1, most=1)) == {"p": 6, OTHER: 6}
    assert levels(pooled(factor, min_cases=1)) == {"p": 6, "q": 3, "r": 2, "t": 1}
