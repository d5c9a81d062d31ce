"""Bad records of contacts are findings, with words; none is dropped unseen."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import FileFormatError
from streamline.log.read import read_contacts
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.contacts.quality import contact_quality


@pytest.fixture(scope="module")
def log(cases_of):
    """Sixty cases that are worked on from 9:00 to 17:00 on their first day, and decided at noon on their second."""
    rows = []
    for k in range(60):
        rows += [(f"k{k}", "Review", k + 9 / 24, k + 17 / 24), (f"k{k}", "Decide", k + 1.4, k + 1.5)]
    return cases_of(rows, ends=["Decide"])


def found(quality) -> dict[str, str]:
    return {f.kind: f"{f.statement} {f.advice}" for f in quality.findings}


def test_good_records_have_no_findings(log, calls_of) -> None:
    calls = calls_of([(f"k{k}", k + 0.5) for k in range(60)])
    assert contact_quality(log, calls).findings == ()


def test_an_export_made_twice(log, calls_of) -> None:
    """Thirty calls, each twice; two silent ones of one instant may well be two."""
    rows = [(f"k{k}", k + 0.5, "status") for k in range(30)] * 2 + [(None, 3.3, "status")] * 2
    calls = calls_of(rows, columns=("reason",))
    said = found(contact_quality(log, calls))
    assert said["duplicates"].startswith(
        "30 of 62 contacts (48.4%) repeat an earlier one in case, instant, channel and reason."
    )
    assert "duplicates='drop'" in said["duplicates"]
    dropped = calls_of(rows, columns=("reason",), duplicates="drop", max_rejected=0.5)
    assert len(dropped) == 32
    assert len(dropped.rejects) == 30
    assert {r.reason for r in dropped.rejects} == {"repeats an earlier contact in every column that was read"}
    assert link_contacts(log, dropped).n_contacts == 30
    with pytest.raises(ValueError, match="duplicates='remove' is not an option"):
        calls_of(rows, columns=("reason",), duplicates="remove")


def test_another_time_zone_shows_in_the_hours(log, calls_of) -> None:
    """Calls of noon that were read twelve hours off centre on midnight."""
    calls = calls_of([(f"k{k}", k + 1.02) for k in range(60)])
    assert "centre on 00:29, the steps of the cases on 14:" in found(contact_quality(log, calls))["hours"]
    few = calls_of([(f"k{k}", k + 1.02) for k in range(40)])
    assert "hours" not in found(contact_quality(log, few))


def test_calls_before_their_case_are_told_with_their_distance(log, calls_of) -> None:
    calls = calls_of([(f"k{k}", k + 9 / 24 - 3 / 24) for k in range(60)])
    said = found(contact_quality(log, calls))["before_arrival"]
    assert said.startswith(
        "60 of 60 contacts (100.0%) came before their case arrived, half of them within 3.0 hours of it."
    )
    assert "right time zone?" in said


def test_nothing_linked_is_a_finding(log, calls_of) -> None:
    said = found(contact_quality(log, calls_of([(f"K{k}", k + 0.5) for k in range(60)])))
    assert said["unlinked"].startswith(
        "60 of 60 contacts (100.0%) can't be linked to a case. No figure by case or state"
    )
    assert "60 × names a case that isn't in the log" in said["unlinked"]


def test_each_kind_of_unlinked_contact_is_a_finding(log, calls_of) -> None:
    calls = calls_of([("k1", 1.5), ("k2", 2.5), (None, 3.5), ("zz", 4.5), (None, -20.0), ("zz", 90.0)])
    unlinked = [f for f in contact_quality(log, calls).findings if f.kind == "unlinked"]
    assert [f.count for f in unlinked] == [1, 1, 1, 1]
    assert all(f.examples for f in unlinked)


def test_one_contact(log, calls_of) -> None:
    said = found(contact_quality(log, calls_of([("k1", 1.5)])))
    assert said["few"].startswith("1 of 1 contact (100.0%) is all there is.")


def test_a_half_empty_column(log, calls_of) -> None:
    rows = [(f"k{k}", k + 0.5, "status" if k % 2 else None) for k in range(60)]
    said = found(contact_quality(log, calls_of(rows, columns=("reason",))))
    assert said["no_reason"].startswith(
        "30 of 60 contacts (50.0%) have no reason. Shares by reason are those of the contacts that"
    )


def test_dates_only(log, calls_of) -> None:
    said = found(contact_quality(log, calls_of([(f"k{k}", float(k + 1)) for k in range(60)])))
    assert "hold dates only" in said["dates_only"]
    assert "hours" not in said


def test_rejects_are_found(log, written) -> None:
    lines = [f"k{k},2025-02-{k % 28 + 1:02d}T12:00:00Z" for k in range(60)]
    path = written("case,time\n" + "\n".join([*lines, "k1,soon"]), "calls.csv")
    calls = read_contacts(path, case="case", time="time", max_rejected=0.1)
    assert found(contact_quality(log, calls))["rejected"].startswith(
        "1 of 61 contacts (1.6%) could not be used: not a date"
    )


def test_no_contact_at_all_is_refused(written) -> None:
    with pytest.raises(FileFormatError, match=r"no rows|not one"):
        read_contacts(written("case,time\n", "calls.csv"), case="case", time="time")


def test_the_table_has_the_findings(log, calls_of) -> None:
    quality = contact_quality(log, calls_of([("k1", 1.5)]))
    assert quality.table["kind"].tolist() == [f.kind for f in quality.findings]
    assert np.allclose(quality.table["share"], 1.0)
    assert quality.n == 1
