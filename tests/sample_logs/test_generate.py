"""The sample agency: its files come out byte for byte, its figures are true, and it works as described."""

from __future__ import annotations

import filecmp
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pandas as pd
import pytest
import yaml

SAMPLE = Path(__file__).resolve().parents[2] / "sample_logs"
sys.path.insert(0, str(SAMPLE))
import agency  # noqa: E402
import customers  # noqa: E402
import generate  # noqa: E402

sys.path.remove(str(SAMPLE))

ZONE = "America/New_York"
DATA_FILES = ("events.csv", "calls.csv", "survey.csv", "truth.json")
P = agency.Parameters()
STATED: dict[str, Any] = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))


def instants(texts: pd.Series) -> pd.Series:
    """Times as the file writes them, in UTC; what can't be read is missing."""
    return pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    return pd.read_csv(SAMPLE / "events.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def events(raw: pd.DataFrame) -> pd.DataFrame:
    """Each row once, with its times read and the label variant put right."""
    frame = raw.drop_duplicates().copy()
    frame["step"] = frame["step"].replace(generate.VARIANT, agency.INTAKE)
    frame["start"], frame["end"] = instants(frame["began"]), instants(frame["finished"])
    return frame


@pytest.fixture(scope="module")
def work(events: pd.DataFrame) -> pd.DataFrame:
    """Finished steps of people whose record is sound."""
    sound = events["start"].notna() & events["end"].notna() & (events["start"] <= events["end"])
    return events[sound & ~events["worker"].isin(["", "system"])]


@pytest.fixture(scope="module")
def cases(events: pd.DataFrame) -> pd.DataFrame:
    """One row a case: arrival, end if closed, loops, window."""
    first = events[events["step"] == agency.RECEIVE].set_index("application")
    last = events[events["step"].isin([agency.NOTICE, agency.WITHDRAWN]) & events["end"].notna()]
    last = last.set_index("application")
    count = events.groupby(["application", "step"]).size().unstack(fill_value=0)
    frame = first[["channel", "office", "language", "household"]].copy()
    frame["arrival"], frame["end"], frame["last"] = first["start"], last["end"], last["step"]
    frame["days"] = (frame["end"] - frame["arrival"]).dt.total_seconds() / 86_400
    for step in (agency.REQUEST, agency.REVIEW, agency.SCHEDULE, agency.APPROVE):
        frame[step] = count[step]
    local = frame["arrival"].dt.tz_convert(ZONE).dt.date
    frame["window"] = (local >= P.window[0]) & (local <= P.window[1])
    return frame


@pytest.fixture(scope="module")
def calls() -> pd.DataFrame:
    frame = pd.read_csv(SAMPLE / "calls.csv", dtype=str, keep_default_na=False)
    frame["at"] = instants(frame["called"])
    return frame


@pytest.fixture(scope="module")
def world() -> generate.World:
    return generate.world(P, seed=generate.SEED)


# --- the files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_the_shipped_files_come_out_again_byte_for_byte(tmp_path: Path, hash_seed: str) -> None:
    script = [sys.executable, str(SAMPLE / "generate.py"), "--output", str(tmp_path)]
    subprocess.run(script, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
    match, mismatch, errors = filecmp.cmpfiles(SAMPLE, tmp_path, DATA_FILES, shallow=False)
    assert sorted(match) == sorted(DATA_FILES), (mismatch, errors)


def test_another_seed_makes_another_agency(tmp_path: Path) -> None:
    generate.main(["--seed", "7", "--output", str(tmp_path)])
    assert (tmp_path / "events.csv").read_bytes() != (SAMPLE / "events.csv").read_bytes()


def test_a_missing_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        generate.main(["--output", str(tmp_path / "absent")])
    assert "no folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*DATA_FILES, "scenario_truth.json"])
def test_files_are_small_and_plain(name: str) -> None:
    data = (SAMPLE / name).read_bytes()
    assert len(data) < 4_000_000
    assert b"\r" not in data
    assert data.endswith(b"\n")
    data.decode("utf-8")


def test_rows_are_in_order_of_finish(work: pd.DataFrame) -> None:
    assert work["end"].is_monotonic_increasing


def test_offsets_follow_the_clock_change(events: pd.DataFrame) -> None:
    read = events["end"].notna()
    local = events.loc[read, "end"].dt.tz_convert(ZONE)
    sound = read & (events["finished"] != generate.NO_DATE)
    written = events.loc[sound, "finished"].str[-6:]
    expected = local.map(lambda at: at.strftime("%z")).str.replace(r"(\d\d)$", r":\1", regex=True)
    assert (written == expected).all()
    assert set(written) == {"-05:00", "-04:00"}


# --- the stated figures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["all", "window"])
def test_realised_figures_are_those_of_the_records(cases: pd.DataFrame, calls: pd.DataFrame, part: str) -> None:
    mine = cases if part == "all" else cases[cases["window"]]
    closed = mine[mine["end"].notna()]
    stated = STATED["realised"][part]
    found = {
        "cases": len(mine),
        "closed": len(closed),
        "open": len(mine) - len(closed),
        "withdrawn": (closed["last"] == agency.WITHDRAWN).sum(),
        "mean_days": closed["days"].mean(),
        "median_days": closed["days"].median(),
        "p90_days": closed["days"].quantile(0.9),
        "within_standard": (closed["days"] <= 45).mean(),
        "share_of_closed_with_request_for_information": (closed[agency.REQUEST] > 0).mean(),
        "share_of_closed_with_second_eligibility_review": (closed[agency.REVIEW] > 1).mean(),
        "linked_contacts_per_case": calls["application"].isin(mine.index).sum() / len(mine),
    }
    assert {name: stated[name] for name in found} == pytest.approx(found, abs=1e-6)


def test_realised_counts_of_the_files(raw: pd.DataFrame, calls: pd.DataFrame, cases: pd.DataFrame) -> None:
    survey = pd.read_csv(SAMPLE / "survey.csv")
    stated = STATED["realised"]["all"]
    assert stated["event_rows"] == len(raw)
    assert stated["unfinished_steps"] == (raw["finished"] == "").sum()
    assert stated["contacts"] == len(calls)
    assert stated["contacts_without_case"] == (calls["application"] == "").sum()
    assert stated["contacts_per_case"] == pytest.approx(len(calls) / len(cases), abs=1e-6)
    assert stated["status_share"] == pytest.approx((calls["reason"] == "status").mean(), abs=1e-6)
    assert stated["contacts_by_channel"] == calls["channel"].value_counts().to_dict()
    assert stated["cases_by_channel"] == cases["channel"].value_counts().to_dict()
    assert stated["survey_answers"] == len(survey)
    assert stated["survey_mean_score"] == pytest.approx(survey["score"].mean(), abs=1e-6)


def test_blemishes_are_as_many_as_stated(raw: pd.DataFrame, events: pd.DataFrame) -> None:
    written = pd.concat([raw["began"], raw["finished"]])
    found = {
        "duplicate_rows": int(raw.duplicated().sum()),
        "rows_without_worker": int((raw["worker"] == "").sum()),
        "finish_before_start": int((events["end"] < events["start"]).sum()),
        "unreadable_dates": int(instants(written[written != ""]).isna().sum()),
        "label_variants": int((raw["step"] == generate.VARIANT).sum()),
    }
    assert found == STATED["blemishes"] == generate.BLEMISHES
    assert set(raw["step"]) == {
        *P.service_minutes,
        agency.RECEIVE,
        agency.REPLY,
        agency.WITHDRAWN,
        generate.VARIANT,
    }


# --- the agency at work ------------------------------------------------------------------------------------


def test_holidays_are_the_federal_ones() -> None:
    federal = holidays.country_holidays("US", years=[2025, 2026])
    weekdays = {day.isoformat() for day in federal if day.weekday() < 5 and day >= P.first_arrival}
    assert set(P.holidays) == weekdays


def test_nobody_works_outside_staff_hours(work: pd.DataFrame) -> None:
    """In local time, so before and after both clock changes; the last second of work may be at closing."""
    for column in ("start", "end"):
        local = work[column].dt.tz_convert(ZONE)
        clock = local.dt.hour * 60 + local.dt.minute + local.dt.second / 60
        assert clock.min() >= 8 * 60
        assert clock.max() <= 16 * 60 + 30
        assert (local.dt.dayofweek < 5).all()
        assert not local.dt.strftime("%Y-%m-%d").isin(P.holidays).any()


def test_nobody_does_two_steps_at_once(work: pd.DataFrame) -> None:
    assert work["worker"].nunique() == sum(P.staff.values())
    for _, mine in work.sort_values(["start", "end"]).groupby("worker"):
        assert (mine["start"].iloc[1:].to_numpy() >= mine["end"].iloc[:-1].to_numpy()).all()


def test_steps_stay_in_their_pool(work: pd.DataFrame) -> None:
    assert (work["worker"].str.rsplit("-", n=1).str[0] == work["step"].map(P.pool_of)).all()


def by_pool(world: generate.World, pool: str) -> list[agency.Step]:
    """A pool's steps in order of start, those of one second in order of joining the queue."""
    steps = [step for mine in world.steps.values() for step in mine if step.worker.startswith(pool)]
    return sorted(steps, key=lambda step: (step.start, step.queued, step.enabled))


@pytest.mark.parametrize("pool", P.staff)
def test_first_come_first_served(world: generate.World, pool: str) -> None:
    steps = by_pool(world, pool)
    assert all(a.queued <= b.queued for a, b in pairwise(steps))


@pytest.mark.parametrize("pool", P.staff)
def test_nobody_is_idle_while_work_waits(world: generate.World, pool: str) -> None:
    """Whoever waited took over from somebody who finished in that second, or the office opened just then."""
    steps, openings = by_pool(world, pool), set(agency.Calendar(P, P.staff_hours).opens)
    finishes = {step.finish for step in steps}
    waited = [step for step in steps if step.start > step.queued]
    assert waited
    assert all(step.start in finishes or step.start in openings for step in waited)


def test_littles_law_holds_for_the_specialists(world: generate.World) -> None:
    """L = lambda W over the window; cases under way at its edges make the small difference."""
    first, last = (agency.instant(day, time(0), ZoneInfo(ZONE)) for day in (P.window[0], date(2025, 9, 1)))
    steps = by_pool(world, "specialist")
    present = sum(max(0, min(step.finish, last) - max(step.queued, first)) for step in steps) / (last - first)
    came = [step for step in steps if first <= step.queued < last]
    rate, stay = len(came) / (last - first), np.mean([step.finish - step.queued for step in came])
    assert present == pytest.approx(rate * stay, rel=0.03)


def test_the_eligibility_review_is_the_bottleneck(world: generate.World) -> None:
    used = {pool: STATED["utilisation"][pool] for pool in P.staff}
    assert max(used, key=lambda pool: used[pool]) == "specialist"
    assert 0.88 <= used["specialist"] <= 0.93

    def wait_days(months: tuple[int, ...]) -> float:
        reviews = [step for step in by_pool(world, "specialist") if step.activity == agency.REVIEW]
        mine = [s for s in reviews if datetime.fromtimestamp(s.queued, UTC).month in months]
        return float(np.mean([step.start - step.queued for step in mine])) / agency.DAY

    assert wait_days((10, 11)) > 4 * wait_days((4, 5, 6))


def test_approvals_wait_for_releases(world: generate.World, work: pd.DataFrame) -> None:
    """Tuesdays and Fridays at 14:00, worked off one after the other; few are left for the next morning."""
    steps = by_pool(world, "supervisor")
    released = {datetime.fromtimestamp(step.queued, ZoneInfo(ZONE)).strftime("%a %H:%M:%S") for step in steps}
    assert released == {"Tue 14:00:00", "Fri 14:00:00"}
    assert all(step.enabled <= step.queued <= step.start for step in steps)
    started = work[work["step"] == agency.APPROVE]["start"].dt.tz_convert(ZONE)
    assert (started.dt.dayofweek.isin([1, 4]) & (started.dt.hour >= 14)).mean() > 0.95


def test_verification_and_interview_run_side_by_side_and_both_come_first(world: generate.World) -> None:
    earlier: list[bool] = []
    for steps in world.steps.values():
        first = {step.activity: step for step in reversed(steps)}
        if agency.REVIEW in first:
            interview, verify = first[agency.INTERVIEW], first[agency.VERIFY]
            assert first[agency.REVIEW].enabled == max(interview.finish, verify.finish)
            assert verify.enabled < interview.queued
            earlier.append(verify.finish < interview.finish)
    assert 0.2 < np.mean(earlier) < 0.8


def test_service_times_have_the_stated_mean(world: generate.World) -> None:
    for activity in (agency.REQUEST, agency.SCHEDULE, agency.APPROVE, agency.NOTICE):
        minutes = [s.work / 60 for mine in world.steps.values() for s in mine if s.activity == activity]
        error = np.std(minutes) / np.sqrt(len(minutes))
        assert np.mean(minutes) == pytest.approx(P.service_minutes[activity][0], abs=4 * error)


@pytest.mark.parametrize("channel", agency.CHANNELS)
def test_loop_shares_agree_with_the_stated_chances(cases: pd.DataFrame, channel: str) -> None:
    """First pass: cases asked, among those whose first check led somewhere; within four standard errors."""
    mine = cases[cases["channel"] == channel]
    decided = mine[(mine[agency.REQUEST] > 0) | (mine[agency.SCHEDULE] > 0)]
    office, more = P.incomplete_office
    chance = P.incomplete[channel][0] * np.where(decided["office"] == office, more, 1.0)
    error = np.sqrt((chance * (1 - chance)).sum())
    assert abs((decided[agency.REQUEST] > 0).sum() - chance.sum()) < 4 * error

    approved = mine[(mine[agency.APPROVE] > 0) & (mine["arrival"] < pd.Timestamp("2025-11-01", tz="UTC"))]
    chance_back = P.returned[channel][0]
    error = np.sqrt(len(approved) * chance_back * (1 - chance_back))
    assert abs((approved[agency.REVIEW] > 1).sum() - len(approved) * chance_back) < 4 * error


def test_second_passes_loop_less(cases: pd.DataFrame) -> None:
    """Among cases asked once (returned once) and decided since: those that were asked (returned) again."""
    early = cases[(cases[agency.APPROVE] > 0) & (cases["arrival"] < pd.Timestamp("2025-10-01", tz="UTC"))]
    office, more = P.incomplete_office
    for step, first, chances in ((agency.REQUEST, 1, P.incomplete), (agency.REVIEW, 2, P.returned)):
        mine = early[early[step] >= first]
        chance = mine["channel"].map({channel: shares[1] for channel, shares in chances.items()})
        if step == agency.REQUEST:
            chance = chance * np.where(mine["office"] == office, more, 1.0)
        error = np.sqrt((chance * (1 - chance)).sum())
        assert abs((mine[step] > first).sum() - chance.sum()) < 4 * error


# --- customers ---------------------------------------------------------------------------------------------


def test_calls_come_in_contact_centre_hours(calls: pd.DataFrame) -> None:
    for channel, closing in (("phone", 18 * 60), ("in person", 16 * 60 + 30)):
        local = calls.loc[calls["channel"] == channel, "at"].dt.tz_convert(ZONE)
        assert (local.dt.hour >= 8).all()
        assert (local.dt.hour * 60 + local.dt.minute < closing).all()
        assert (local.dt.dayofweek < 5).all()
        assert not local.dt.strftime("%Y-%m-%d").isin(P.holidays).any()
    assert (calls.loc[calls["channel"] == "email", "at"].dt.tz_convert(ZONE).dt.dayofweek >= 5).any()


def test_some_contacts_come_before_the_arrival_and_after_the_end(calls: pd.DataFrame, cases: pd.DataFrame) -> None:
    linked = calls[calls["application"] != ""].join(cases[["arrival", "end"]], on="application")
    assert linked["arrival"].notna().all()
    assert 5 < (linked["at"] < linked["arrival"]).sum() < 60
    assert (linked["at"] > linked["end"]).sum() > 100
    assert calls["at"].is_monotonic_increasing


def one_long_case(number: int, days: int) -> tuple[agency.Application, list[agency.Step]]:
    arrival = agency.instant(date(2025, 2, 3), time(9), ZoneInfo(ZONE))
    who = agency.Application(number, arrival, "online", "Alder", "English", "1")
    end = arrival + days * agency.DAY
    return who, [agency.Step(number, agency.REVIEW, arrival, arrival, arrival, end, "specialist-01", 0)]


def test_contacts_arrive_at_the_stated_rate() -> None:
    """Without feedback each case's expected count is rate x days: 90 open, 14 after the end."""
    plain = replace(P, overdue_ratio=1.0, recent_ratio=1.0, before_arrival_share=0.0)
    model = customers.ContactModel(plain, seed=1)
    counts = [len(model.contacts(*one_long_case(number, 90))) for number in range(1, 1501)]
    expected = 90 * P.contact_rate[agency.REVIEW] + P.after_days * P.contact_rate["closed"]
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.std(counts) / np.sqrt(len(counts)))
    propensity = 1 / P.propensity_shape
    assert np.var(counts) == pytest.approx(expected + propensity * expected**2, rel=0.2)


def test_overdue_cases_call_more() -> None:
    model = customers.ContactModel(replace(P, recent_ratio=1.0, before_arrival_share=0.0), seed=2)
    early = late = 0
    for number in range(1, 1501):
        who, steps = one_long_case(number, 90)
        days = [(contact.at - who.arrival) / agency.DAY for contact in model.contacts(who, steps)]
        early, late = early + sum(d <= 45 for d in days), late + sum(45 < d <= 90 for d in days)
    assert late / early == pytest.approx(P.overdue_ratio, rel=0.08)


def test_scores_fall_with_time_and_returns(cases: pd.DataFrame) -> None:
    survey = pd.read_csv(SAMPLE / "survey.csv").join(cases, on="application")
    assert set(survey["score"]) <= {1, 2, 3, 4, 5}
    assert (instants(survey["answered"]) > survey["end"]).all()
    assert survey["score"].corr(survey["days"]) < -0.3
    assert (
        survey.loc[survey[agency.REQUEST] > 0, "score"].mean() < survey.loc[survey[agency.REQUEST] == 0, "score"].mean()
    )


def test_random_numbers_have_their_moments() -> None:
    stream, n = agency.Stream("moments"), 20_000
    for values, mean, variance in (
        ([stream.lognormal(10.0, 0.5) for _ in range(n)], 10.0, 25.0),
        ([stream.gamma(1.5) for _ in range(n)], 1.0, 1 / 1.5),
        ([stream.exponential(3.0) for _ in range(n)], 3.0, 9.0),
        ([stream.poisson(2.5) for _ in range(n)], 2.5, 2.5),
    ):
        assert np.mean(values) == pytest.approx(mean, abs=4 * np.sqrt(variance / n))
        assert np.var(values) == pytest.approx(variance, rel=0.1)
    with pytest.raises(ValueError, match="and a half"):
        stream.gamma(2.0)


# --- scenarios ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((SAMPLE / "study.yaml").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def scenario_truth() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((SAMPLE / "scenario_truth.json").read_text(encoding="utf-8"))
    return read


def test_each_scenario_of_the_study_has_its_truth(study: dict[str, Any], scenario_truth: dict[str, Any]) -> None:
    names = [one["name"].lower().replace(" ", "_") for one in study["scenarios"]]
    assert list(scenario_truth["scenarios"]) == ["as_is", *names]
    assert [one.get("signature") for one in study["scenarios"]].count(True) == 1
    assert scenario_truth["window"] == [study["window"][end].isoformat() for end in ("from", "to")]
    for one in study["scenarios"]:
        assert all("evidence" in change for change in one["changes"])
        assert any("low" in change and "high" in change for change in one["changes"])


def test_the_readme_states_the_recorded_truth(scenario_truth: dict[str, Any]) -> None:
    text = (SAMPLE / "README.md").read_text(encoding="utf-8")
    counts = STATED["realised"]["all"]
    for name in ("event_rows", "contacts", "cases", "survey_answers", "open"):
        assert f"{counts[name]:,} " in text, name
    for figures in scenario_truth["scenarios"].values():
        mean, p90, within, calls, hours = (
            figures[name][0]
            for name in ("mean_days", "p90_days", "within_standard", "calls_per_case", "staff_hours_per_case")
        )
        assert f"| {mean:.1f} | {p90:.1f} | {within:.1%} | {calls:.2f} | {hours:.2f} |" in text


def test_recorded_truth_comes_out_again(study: dict[str, Any], scenario_truth: dict[str, Any]) -> None:
    """One repetition of the signature scenario lies among the ten whose mean is recorded."""
    changes = generate.changes_of(study["scenarios"][0])
    found = generate.outcome(generate.world(P, seed=generate.SEED, run=1, changes=changes))
    for measure, (middle, error) in scenario_truth["scenarios"]["complete_from_the_start"].items():
        spread = error * np.sqrt(generate.REPETITIONS)
        assert abs(found[measure] - middle) <= 3 * spread + 1e-6, measure


def test_the_log_is_one_of_the_runs_that_the_truth_averages(scenario_truth: dict[str, Any]) -> None:
    figures = generate.outcome(generate.world(P, seed=generate.SEED))
    for measure, (middle, error) in scenario_truth["scenarios"]["as_is"].items():
        assert abs(figures[measure] - middle) <= 4 * error * np.sqrt(generate.REPETITIONS) + 1e-6, measure


def test_no_change_changes_nothing(world: generate.World) -> None:
    again = generate.world(P, seed=generate.SEED, changes=agency.Changes(service_factor={agency.REVIEW: 1.0}))
    assert again.steps == world.steps
    assert again.contacts == world.contacts


def test_a_loop_that_is_always_cut_is_gone(world: generate.World) -> None:
    changes = agency.Changes(loops_cut={agency.INTAKE: 1.0})
    cut = generate.world(P, seed=generate.SEED, changes=changes)
    assert not any(step.activity == agency.REQUEST for steps in cut.steps.values() for step in steps)
    assert [one.arrival for one in cut.who] == [one.arrival for one in world.who]


def test_a_change_the_agency_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="no change of kind 'divert'"):
        generate.changes_of({"changes": [{"kind": "divert", "activity": "mail"}]})
    with pytest.raises(ValueError, match="no such loop"):
        generate.changes_of(
            {"changes": [{"kind": "reduce_rework", "from": "Interview", "to": "Intake check", "by": 1}]}
        )
