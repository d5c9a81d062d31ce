"""Each kind of change on a log that a person can add up, alone and together; what is refused, and how."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import (
    InsufficientDataError,
    ScenarioError,
    UnknownNameError,
    UnsupportedChangeError,
)
from streamline.whatif import change as kinds
from streamline.whatif.change import (
    Automate,
    ReduceRework,
    Release,
    RemoveStep,
    ShortenExternal,
    SpeedUp,
)
from streamline.whatif.replay import Replayer, fit_replay

#: Case a: arrives at 8, waits 2 h, reviewed 10-12, waits 3 h, decided 15-16: 8 hours. The step "In" takes no time.
PLAIN = [("a", "In", 8, 8), ("a", "Review", 10, 12), ("a", "Decide", 15, 16)]


def hours(model, *changes, seed=(1, 0, 1)):
    """Cycle times in hours of the replayed cases."""
    return (Replayer(model, changes).replay(seed=seed).cycle_days * 24).tolist()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # the review's 2 hours become 1
        (SpeedUp(activity="Review", by=0.5), 7),
        # no wait for staff and no work: the decision still waits its 3 hours
        (Automate(activity="Review", to="0 minutes"), 4),
        (Automate(activity="Review", to="30 minutes"), 4.5),
        # the review and its wait vanish; the decision attaches to "In"
        (RemoveStep(activity="Review"), 4),
        # without the last step the case ends with the review
        (RemoveStep(activity="Decide"), 4),
        (SpeedUp(activity="Review", by=0), 8),
    ],
)
def test_one_change_by_hand(log_of, change, expected):
    model = fit_replay(log_of(PLAIN))
    assert hours(model) == pytest.approx([8])
    assert hours(model, change) == pytest.approx([expected])


def test_as_is_replays_what_was_observed(log_of):
    rows = [*PLAIN, ("b", "In", 9, 9), ("b", "Decide", None, 30)]
    model = fit_replay(log_of(rows))
    assert Replayer(model, []).replay(seed=None).cycle_days.tolist() == pytest.approx([8 / 24, 21 / 24])


def test_a_wait_on_the_customer_is_shortened_with_its_work(log_of):
    """The customer is awaited for 2 hours and takes 2: half of 4. The decision's 3 + 1 hours stay: 6."""
    model = fit_replay(log_of(PLAIN, external=["Review"]))
    assert hours(model, ShortenExternal(activity="Review", by=0.5)) == pytest.approx([6])


def test_a_join_waits_for_the_slower_branch(log_of):
    """After In at 0 run A (0-4) and B (0-6) side by side; Join 7-8 waits for both: one hour after B. Without B it begins
    one hour after A, at 5: 6 hours. With A gone nothing changes."""
    rows = [("a", "In", 0, 0), ("a", "A", 0, 4), ("a", "B", 0, 6), ("a", "Join", 7, 8)]
    model = fit_replay(log_of(rows))
    assert hours(model, RemoveStep(activity="B")) == pytest.approx([6])
    assert hours(model, RemoveStep(activity="A")) == pytest.approx([8])
    assert hours(model, SpeedUp(activity="B", by=0.5)) == pytest.approx([6])  # A's 4 hours now hold the join


def test_changes_compose_in_the_documented_order(log_of):
    """Removed first: speeding up what is gone does nothing. Review gone (4 left: 3 + 1), decision at half: 3.5."""
    model = fit_replay(log_of(PLAIN))
    both = [SpeedUp(activity="Decide", by=0.5), SpeedUp(activity="Review", by=0.5), RemoveStep(activity="Review")]
    assert hours(model, *both) == pytest.approx([3.5])
    assert hours(model, *reversed(both)) == pytest.approx([3.5])


# Check, asked twice (each: Ask 1 h later, back at Check 2 h after that), then Done.
DETOUR = [
    ("a", "Check", 0, 1), ("a", "Ask", 1, 2), ("a", "Check", 4, 5), ("a", "Ask", 5, 6), ("a", "Check", 8, 9),
    ("a", "Done", 9, 10),
]  # fmt: skip


def test_a_prevented_detour_takes_its_repeats_with_it(log_of):
    """Both requests gone: Check 1 h, Done 1 h: 2 hours."""
    model = fit_replay(log_of(DETOUR))
    assert hours(model, ReduceRework(through="Ask", by=1)) == pytest.approx([2])
    # whichever single request is drawn: the first takes the second with it, the second leaves the first (6 h)
    seen = {round(hours(model, ReduceRework(through="Ask", by=0.5), seed=(1, k, 1))[0], 6) for k in range(40)}
    assert seen == {10, 6, 2}


def test_a_prevented_redo_takes_what_happened_meanwhile_with_it(log_of):
    """Check, Review, back to Check, there Ask and Check again, Review again, Done. Without the return: Check, Review and
    Done, an hour each: the request for information came up only while the check was done again."""
    rows = [
        ("a", "Check", 0, 1), ("a", "Review", 1, 2), ("a", "Check", 2, 3), ("a", "Ask", 3, 4), ("a", "Check", 4, 5),
        ("a", "Review", 5, 6), ("a", "Done", 6, 7),
    ]  # fmt: skip
    model = fit_replay(log_of(rows))
    assert hours(model, ReduceRework(from_="Review", to="Check", by=1)) == pytest.approx([3])
    # the request alone: its two hours go, the return stays
    assert hours(model, ReduceRework(through="Ask", by=1)) == pytest.approx([5])


def test_a_request_before_a_return_stays_when_the_return_is_prevented(log_of):
    """Ask came up in the first check, before the review sent the file back: it stays, the return's 2 hours go."""
    rows = [
        ("a", "Check", 0, 1), ("a", "Ask", 1, 2), ("a", "Check", 2, 3), ("a", "Review", 3, 4), ("a", "Check", 4, 5),
        ("a", "Review", 5, 6), ("a", "Done", 6, 7),
    ]  # fmt: skip
    model = fit_replay(log_of(rows))
    assert hours(model, ReduceRework(from_="Review", to="Check", by=1)) == pytest.approx([5])


def weekly(log_of):
    """Ten weeks: a case is ready on Monday at 9 and signed on Thursday at 13:00 (76 hours later), for an hour; a second
    one is ready on Tuesday at 9 and signed after it, at 14:00."""
    rows = []
    for week in range(10):
        at = 168 * week
        rows += [(f"a{week}", "In", at + 9, at + 9), (f"a{week}", "Sign", at + 85, at + 86)]
        rows += [(f"b{week}", "In", at + 33, at + 33), (f"b{week}", "Sign", at + 86, at + 87)]
    return log_of(rows)


def test_releases_every_working_day_and_at_once(log_of, office):
    """At once: both are signed when they are ready, in an hour. Each working day at 13:00: 4 + 1 hours, and for the
    second case a fifth of the hour that it stood behind the other in the weekly batch (releases are five times as
    often): 4 + 0.2 + 1."""
    model = fit_replay(weekly(log_of), calendar=office)
    assert hours(model)[:2] == pytest.approx([77, 54])
    assert hours(model, Release(activity="Sign", every="immediately"))[:2] == pytest.approx([1, 1])
    daily = hours(model, Release(activity="Sign", every="working day"))
    assert daily[:2] == pytest.approx([5, 5.2], abs=0.02)
    assert hours(model, Release(activity="Sign", every="13:00"))[:2] == pytest.approx(daily[:2])
    # every Tuesday: the first waits 28 hours, the second 4
    assert hours(model, Release(activity="Sign", every="tuesday"))[0] == pytest.approx(29, abs=0.1)


def test_partial_changes_touch_their_share_of_the_cases(log_of):
    rows = [(f"c{k}", a, s, e) for k in range(400) for _, a, s, e in PLAIN]
    model = fit_replay(log_of(rows))
    got = np.array(hours(model, RemoveStep(activity="Review", share=0.25)))
    assert set(np.round(got, 6)) == {4.0, 8.0}
    assert 0.17 < (got == 4).mean() < 0.33  # four standard errors about a quarter


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("AddCapacity", {"activity": "Review", "staff": 1}),
        ("PoolResources", {"activities": ("Review", "Decide")}),
        ("ChangeHours", {"hours": {"mon-fri": "07:00-20:00"}}),
        ("RunInParallel", {"activities": ("Review", "Decide")}),
        ("ExpressLane", {"where": {"size": "small"}}),
        ("Divert", {"channel": "mail", "to": "online", "share": 0.2}),
        ("Notify", {"by": 0.3}),
        ("SelfService", {"reason": "status", "share": 0.3, "cost": 1}),
        ("ChangeDemand", {"by": 0.1}),
    ],
)
def test_kinds_that_are_not_estimated_are_refused_by_name(log_of, kind, fields):
    change = getattr(kinds, kind)(**fields)
    with pytest.raises(UnsupportedChangeError, match=rf"'{change.kind}' can't be estimated yet.*'reduce_rework'"):
        Replayer(fit_replay(log_of(PLAIN)), [change])


def test_what_the_records_can_not_carry_is_refused(log_of, office):
    model = fit_replay(log_of(PLAIN))
    with pytest.raises(UnknownNameError, match=r"no activity 'Reviw'\. Did you mean 'Review'\?"):
        Replayer(model, [SpeedUp(activity="Reviw", by=0.1)])
    with pytest.raises(ScenarioError, match="'Review' isn't declared external"):
        Replayer(model, [ShortenExternal(activity="Review", by=0.1)])
    with pytest.raises(InsufficientDataError, match=r"No loop .* matches"):
        Replayer(model, [ReduceRework(to="Review", by=0.1)])
    with pytest.raises(ScenarioError, match="needs the office hours"):
        Replayer(model, [Release(activity="Decide", every="immediately")])
    with pytest.raises(InsufficientDataError, match="isn't released in batches"):
        Replayer(fit_replay(log_of(PLAIN), calendar=office), [Release(activity="Decide", every="immediately")])
    with pytest.raises(ScenarioError, match="contradict each other"):
        Replayer(model, [SpeedUp(activity="Review", by=0.1), Automate(activity="Review", to="1 minute")])
    no_starts = fit_replay(log_of([(c, a, None, e) for c, a, _, e in PLAIN]))
    with pytest.raises(InsufficientDataError, match="no start of 'Review'"):
        Replayer(no_starts, [SpeedUp(activity="Review", by=0.1)])


def test_an_open_log_has_nothing_to_replay(log_of):
    with pytest.raises(InsufficientDataError, match="none of 1 cases is closed"):
        fit_replay(log_of([*PLAIN, ("b", "End", 0, 1)], ends=["End"]).select(np.array([False, True]), because="test"))
