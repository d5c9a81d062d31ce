"""Links of contacts to cases, by hand: by id, by customer, and why not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.log.read import read_contacts, read_log
from streamline.measure.contacts.exposure import open_life
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.contacts.loop_contacts import loop_contacts
from streamline.measure.contacts.quality import contact_quality
from streamline.measure.contacts.repeats import first_contact_resolution

#: In days. Ann has a (0 to 10) and b (5 to 12); Bob has c (20 to 30); d belongs to nobody and is open until 40.
CASES = [
    ("a", "Decide", 0, 10, "Ann"),
    ("b", "Decide", 5, 12, "Ann"),
    ("c", "Decide", 20, 30, "Bob"),
    ("d", "Review", 1, 40, None),
]  # fmt: skip


@pytest.fixture
def log(cases_of):
    return cases_of(CASES, columns=("owner",), ends=["Decide"])


def fates(links) -> dict[str, int]:
    return dict(zip(links.table["fate"], links.table["n_contacts"].tolist(), strict=True))


CALLS = [
    ("a", 2.0, None),      # by the id
    (None, 3.0, "Ann"),    # Ann has only a then
    (None, 7.0, "Ann"),    # a and b
    (None, 14.0, "Ann"),   # both closed; b last, two days ago
    (None, 39.0, "Ann"),   # closed for 27 days
    (None, 15.0, "Bob"),   # Bob has nothing yet
    (None, 15.0, "Cyd"),   # not in the log
    (None, 16.0, None),    # says nothing
    ("zz", 17.0, "Ann"),   # another agency's case: the customer isn't asked
    (None, -3.0, "Ann"),   # before the first arrival
    (None, 44.0, "Ann"),   # after the log ends
    ("d", 43.0, None),     # d was open when the log ended
]  # fmt: skip


def test_each_contact_has_one_fate(log, calls_of) -> None:
    """Of twelve calls three are linked to one case each (a; a by Ann; b, lately closed), Ann's on day 7 to none ("leave") or
    to a and b in halves ("share"). Of the calls that tell of our cases or of none (the three or four, d's, the silent one and,
    when left, Ann's) 4 of 6, or 5 of 6, are linked to a case of ours."""
    calls = calls_of(CALLS, columns=("customer",))
    left = link_contacts(log, calls, customer="owner", closed_days=7)
    assert fates(left) == {
        "linked by the case id": 1,
        "linked by the customer, with one case open": 1,
        "linked by the customer, with a case lately closed": 1,
        "about an open case, after the log ends": 1,
        "names neither a case nor a customer": 1,
        "names a case that isn't in the log": 1,
        "the customer has no case in the log": 1,
        "the customer has no case open or lately closed then": 2,
        "the customer has several cases open then": 1,
        "tells of no case of the log, before it begins": 1,
        "tells of no case of the log, after it ends": 1,
    }
    assert left.table["n_contacts"].sum() == 12
    assert left.per_case().tolist() == [2, 0, 1, 0]  # in order of arrival: a, d, b, c
    assert left.link_share == pytest.approx(4 / 6)
    said = " ".join(left.caveats)
    assert "33.3% of the contacts tell of no case" in said
    assert "Only 3 contacts can be linked" in said
    assert "Left out: 2 contacts of customers without a case open or lately closed then." in said

    shared = link_contacts(log, calls, customer="owner", closed_days=7, ambiguous="share")
    assert shared.per_case().tolist() == [2.5, 0, 1.5, 0]
    assert shared.n_contacts == pytest.approx(4)
    assert shared.link_share == pytest.approx(5 / 6)
    assert fates(shared)["linked by the customer, shared among several open cases"] == 1
    assert shared.cases["weight"].tolist() == [1, 1, 0.5, 0.5, 1]


def test_longer_closed_days_reach_further(log, calls_of) -> None:
    calls = calls_of(CALLS, columns=("customer",))
    assert link_contacts(log, calls, customer="owner", closed_days=27).per_case().tolist() == [2, 0, 2, 0]


def test_without_customers_only_ids_count(log, calls_of) -> None:
    links = link_contacts(log, calls_of(CALLS, columns=("customer",)))
    assert links.per_case().tolist() == [1, 0, 0, 0]
    with pytest.raises(UnknownNameError, match=r"no attribute 'ower'\. Did you mean 'owner'\?"):
        link_contacts(log, calls_of(CALLS, columns=("customer",)), customer="ower")
    with pytest.raises(InsufficientDataError, match=r"without a column of customers.*`customer` in `read_contacts`"):
        link_contacts(log, calls_of([("a", 1.0)]), customer="owner")


def test_unanswered_attempts_count_net_of_redials(log, calls_of) -> None:
    """Two attempts were given up; as half of them are dialled again, they count for one contact together."""
    rows = [("a", 1.0, "given up"), ("a", 1.1, "given up"), ("a", 1.2, "answered"), ("a", 2.0, None)]
    calls = calls_of(rows, columns=("outcome",), abandoned=["given up"])
    assert link_contacts(log, calls, redial_rate=0.5).per_case().tolist() == [3, 0, 0, 0]
    assert "2 attempts reached nobody; as 50% of such" in " ".join(link_contacts(log, calls, redial_rate=0.5).caveats)
    with pytest.raises(ValueError, match=r"2 attempts reached nobody.*as `redial_rate`"):
        link_contacts(log, calls)
    with pytest.raises(ValueError, match=r"redial_rate=60 is no share"):
        link_contacts(log, calls, redial_rate=60)
    with pytest.raises(UnknownNameError, match="no outcome 'busy'"):
        calls_of(rows, columns=("outcome",), abandoned=["busy"])


def test_nothing_linked_is_refused_with_the_reasons(log, calls_of) -> None:
    with pytest.raises(
        InsufficientDataError, match=r"none of 2 contacts can be linked.*1 × names a case that isn't in the log"
    ):
        link_contacts(log, calls_of([("A", 1.0), (None, 2.0)]))


def test_one_contact_is_linked_and_said_to_be_one(log, calls_of) -> None:
    links = link_contacts(log, calls_of([("a", 1.0)]))
    assert links.n_contacts == 1
    assert "Only 1 contact can be linked: read each figure with its interval." in links.caveats


def test_dates_covered_are_as_said(log, calls_of) -> None:
    calls = calls_of([("a", 1.0), ("a", 9.0), ("c", 25.0)])
    links = link_contacts(log, calls, covers=("2025-01-06", "2025-01-16"))
    assert fates(links) == {"linked by the case id": 2, "outside the dates that the contacts are said to cover": 1}
    assert links.per_case().tolist() == [2, 0, 0, 0]
    with pytest.raises(ValueError, match="second date must be after"):
        link_contacts(log, calls, covers=("2025-01-16", "2025-01-06"))


def test_filtered_logs_need_the_whole_one(log, calls_of) -> None:
    """Without a the call about c counts, that about a is linked and counts nowhere, and the link share stays 2/3."""
    calls = calls_of([("a", 1.0), ("c", 25.0), (None, 26.0)])
    kept = log.select(log.case_id_array() != "a", because="not a")
    links = link_contacts(kept, calls, whole=log)
    assert links.n_contacts == 1
    assert links.link_share == pytest.approx(2 / 3)
    assert fates(links)["about a case that isn't counted here"] == 1
    with pytest.raises(InsufficientDataError, match="as `whole`"):
        link_contacts(kept, calls)


def test_options_that_do_not_fit(log, calls_of) -> None:
    calls = calls_of([("a", 1.0)])
    with pytest.raises(ValueError, match="ambiguous='all' is not an option"):
        link_contacts(log, calls, ambiguous="all")
    with pytest.raises(ValueError, match="closed_days=-1"):
        link_contacts(log, calls, closed_days=-1)


def test_requests_and_steps_are_told_from_contacts(cases_of, calls_of) -> None:
    """Of 50 calls 40 come within an hour of the arrival of their case; left out, ten are left. Of 50 calls 40 come at the end
    of a step. Of four calls nothing is concluded."""
    log = cases_of([(f"k{k}", "Decide", k, k + 5) for k in range(40)])
    later = [(f"k{k}", k + 2.0) for k in range(10)]
    calls = calls_of([(f"k{k}", k + 0.02) for k in range(40)] + later)
    requests = link_contacts(log, calls)
    assert requests.are == "requests"
    assert any("They seem to be the requests themselves" in c for c in requests.caveats)
    for question in (open_life, first_contact_resolution, loop_contacts):
        with pytest.raises(InsufficientDataError, match=r"requests themselves.*requests='leave'"):
            question(requests)
    left = link_contacts(log, calls, requests="leave")
    assert (left.are, left.n_contacts, left.link_share) == ("contacts", 10, 1)
    assert fates(left)["is the request itself: first of its case, within an hour of the arrival"] == 40
    assert [(f.kind, f.count) for f in contact_quality(log, calls).findings] == [("requests", 40)]
    with pytest.raises(ValueError, match="requests='drop' is not an option"):
        link_contacts(log, calls, requests="drop")
    steps = link_contacts(log, calls_of([(f"k{k}", k + 5.0) for k in range(40)] + later))
    assert steps.are == "steps"
    assert any("They seem to be steps of the process" in c for c in steps.caveats)
    assert link_contacts(log, calls_of([(f"k{k}", float(k)) for k in range(4)])).are == "contacts"


ROW = st.tuples(
    st.sampled_from(["a", "b", "zz", None]), st.floats(-5, 50), st.sampled_from(["Ann", "Bob", "Cyd", None])
)


@given(rows=st.lists(ROW, min_size=1, max_size=12), share=st.booleans(), order=st.randoms())
def test_links_add_up_and_do_not_depend_on_the_order(rows, share, order) -> None:
    """Weights add up to the contacts with a linked fate, whatever the order of the file."""
    start = pd.Timestamp("2025-01-06", tz="UTC")
    frame = pd.DataFrame(CASES, columns=["case", "activity", "start", "complete", "owner"])
    for name in ("start", "complete"):
        frame[name] = start + pd.to_timedelta(frame[name], unit="D")
    log = read_log(frame, case="case", activity="activity", start="start", complete="complete", attributes=["owner"],
                   ends=["Decide"])  # fmt: skip

    def linked(some):
        calls = pd.DataFrame(some, columns=["case", "time", "customer"]).astype({"case": object, "customer": object})
        calls["time"] = start + pd.to_timedelta(calls["time"].round(3), unit="D")
        read = read_contacts(calls, case="case", time="time", customer="customer")
        return link_contacts(log, read, customer="owner", ambiguous="share" if share else "leave")

    try:
        links = linked(rows)
    except InsufficientDataError:
        return
    assert links.table["n_contacts"].sum() == len(rows)
    assert links.n_contacts == pytest.approx(links.table.loc[links.table["linked"], "n_contacts"].sum())
    assert 0 < links.link_share <= 1
    again = list(rows)
    order.shuffle(again)
    assert np.allclose(linked(again).per_case(), links.per_case())
