"""Nobody who subtracts published numbers from each other finds a group that is too small to be told of."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plain_words import texts
from small_office import Office
from streamline.report.privacy import nearly_all, suppressed_in_lines, suppressed_rows, telling_share
from subtraction import Counts, found_out

MINIMUM = 11
STUDIES = ["sample", *(pytest.param(name, marks=pytest.mark.real) for name in ("permits", "receipt", "bpic2017-w"))]


def small_counts_in_words(section) -> list[str]:
    """Sentences that tell of a few cases out of others, or of all but a few."""
    found = []
    for _, text in texts(section):
        for some, of in re.findall(r"(\d[\d,]*) of (?:the |these )?(\d[\d,]*) (?:closed |open )?cases", text):
            n, all_ = int(some.replace(",", "")), int(of.replace(",", ""))
            if 0 < n < MINIMUM or 0 < all_ - n < MINIMUM:
                found.append(text)
    return found


@pytest.mark.parametrize("name", STUDIES)
def test_the_studies_give_no_small_group_away(studied, name):
    section = studied(name)
    assert found_out(section.files(), minimum=MINIMUM) == {}
    assert small_counts_in_words(section.section) == []


@settings(max_examples=3, derandomize=True)
@given(
    seed=st.integers(0, 999),
    n_cases=st.integers(120, 300),
    open_=st.sampled_from([0.0, 0.01, 0.08]),
    withdrawn=st.sampled_from([0.0, 0.02, 0.06]),
    sent_back=st.sampled_from([0.0, 0.02, 0.3]),
)
def test_small_offices_give_no_small_group_away(seed, n_cases, open_, withdrawn, sent_back):
    office = Office(
        seed=seed, n_cases=n_cases, still_open=open_, withdrawn=withdrawn, sent_back=sent_back, contacts=0.0
    )
    with tempfile.TemporaryDirectory() as folder:
        section = office.plan(Path(folder))
    assert found_out(section.files(), minimum=MINIMUM) == {}
    assert small_counts_in_words(section.section) == []


def test_a_few_open_cases_are_told_of_nowhere(tmp_path):
    section = Office(still_open=0.01, contacts=0.0).plan(tmp_path / "office")
    a = section.analysis
    assert a.few_open
    assert a.cycle.n_open == 0
    found = {f.id: f for f in section.findings}
    assert found["baseline.open_cases"].value is None
    assert found["baseline.open_cases"].statement.startswith("Fewer than 11 cases that arrived from")
    assert section.document()["study"]["open_cases"] is None
    assert found["baseline.cases"].value == a.cycle.n


def test_a_number_put_back_is_found_out(sample_section):
    """Each kind of number that is left blank, published after all, gives a small group away."""
    files = dict(sample_section.files())
    a = sample_section.analysis

    def with_(path: str, row: str, column: str, value: float) -> dict[str, object]:
        frame = pd.read_csv(io.StringIO(files[path]))
        at = (
            frame.index[frame.iloc[:, 0] == row] if "/" not in row else frame.index[frame["group"] == row.split("/")[1]]
        )
        assert frame.loc[at, column].isna().all(), "it is published anyway"
        frame.loc[at, column] = value
        return {**files, path: frame.to_csv(index=False)}

    awaited = a.bottlenecks.table.set_index("activity")["n_cases"]
    few_without = awaited[(awaited < a.cycle.n) & (awaited > a.cycle.n - MINIMUM)]
    assert len(few_without)
    for activity, n in few_without.items():
        assert found_out(with_("tables/bottlenecks.csv", str(activity), "n_cases", n), minimum=MINIMUM)
    standard = pd.read_csv(io.StringIO(files["tables/standard.csv"]))
    assert "quarter" in set(standard["by"])
    months = a.diagnosis.attainment["month"].table
    assert (months["n_cases"] * (1 - months["within"])).round().between(1, MINIMUM - 1).any()
    months = months.assign(by="month", group=months["since"].dt.strftime("%Y-%m"))[standard.columns]
    put_back = pd.concat([months, standard[standard["by"] != "quarter"]]).to_csv(index=False)
    assert found_out({**files, "tables/standard.csv": put_back}, minimum=MINIMUM)


def test_the_attack_subtracts_across_tables():
    """Two tables that each hide one group more than they must, but not the same one, give both away."""
    c = Counts()
    c.known("all", 100)
    for level in ("a", "b", "c"):
        c.there(level)
        c.wanted(level)
    c.known("a", 60)
    c.parts(["a", "b", "c"], "all")
    assert c.found_out(MINIMUM) == {}
    c.known("b", 35)
    assert c.found_out(MINIMUM) == {"c": (5.0, 5.0)}


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12),
    st.integers(2, 15),
)
def test_hidden_groups_have_room_enough(pairs, minimum):
    """What is hidden adds up to so much, in each count, that each hidden group may hold as many cases as may be told of."""
    counts = np.array([(x + y, x, y) for x, y in pairs])
    hidden = suppressed_rows(counts, minimum=minimum)
    small = ((counts > 0) & (counts < minimum)).any(axis=1)
    assert (hidden | ~small).all()
    if hidden.any() and not hidden.all():
        for column in counts[hidden].T:
            some = column[column > 0]
            assert not len(some) or some.sum() - (len(some) - 1) >= minimum or not (counts[~hidden] >= minimum).any()
    if not small.any():
        assert not hidden.any()


def test_groups_that_are_too_small_together_take_another_with_them():
    assert suppressed_rows([50, 6, 5, 30], minimum=11).tolist() == [
        False,
        True,
        True,
        True,
    ]  # 6 and 5: each is under 11
    assert suppressed_rows([50, 6, 6, 30], minimum=11).tolist() == [False, True, True, False]  # each may be 11
    assert suppressed_rows([50, 0, 4], minimum=11).tolist() == [True, False, True]
    assert suppressed_rows([], minimum=11).tolist() == []


def test_lines_hide_what_their_totals_would_give_back():
    small, beside = suppressed_in_lines([90, 3, 40, 80], [["A", "A", "B", "B"], ["x", "y", "y", "x"]], minimum=11)
    assert small.tolist() == [False, True, False, False]
    assert beside.tolist() == [True, False, True, True] or beside.tolist() == [True, False, True, False]


def test_counts_and_shares_that_leave_a_few():
    assert nearly_all([100, 95, 90, 89, 50], [100], minimum=11).tolist() == [False, True, True, False, False]
    assert telling_share([0.003, 0.5, 0.99, 1.0, 0.0], [700, 700, 700, 700, 700], minimum=11).tolist() == [
        True, False, True, False, False,
    ]  # fmt: skip
