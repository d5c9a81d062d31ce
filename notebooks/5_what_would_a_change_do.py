# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. What would a change do?
#
# Four changes are on the table. Which takes how much off the days, the calls and the work? How sure is that? And
# what together?
#
# The sample agency is generated, so what each change *really* does is known. The estimate never sees it; the last
# step compares.

# %%
import json
import math
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

import streamline as sl

# %%
log = sl.read_log(
    "../sample_logs/events.csv",
    case="application",
    activity="step",
    start="began",
    complete="finished",
    resource="worker",
    channel="channel",
    attributes=["office", "language", "household"],
    timezone="America/New_York",
    external=["Information received"],
    ends=["Issue notice", "Withdrawn"],
)
hours = sl.Calendar(
    hours={"mon-fri": "08:00-16:30"}, holidays="US", timezone="America/New_York"
)
calls = sl.read_contacts(
    "../sample_logs/calls.csv",
    case="application",
    time="called",
    channel="channel",
    reason="reason",
    status_reasons=["status"],
    timezone="America/New_York",
)

# %% [markdown]
# ## The model: the same cases again
#
# The cases aren't invented. Each keeps its arrival, its steps and its work; its waits for people are computed
# anew by queues. `fit_replay` finds the pools, the hours, the delays that no staffing explains, and the rates of
# contacts.
#
# Figures are told of the cases received from February to November; earlier ones fill the queues.

# %%
window = log.between("2025-02-03", "2025-11-30")
model = sl.fit_replay(window, contacts=calls, calendar=hours, standard="45 days", whole=log)
Markdown(f"""
{model.log.n_cases:,} cases with {model.log.n_steps:,} steps; {model.staffing.n_people} people in
{len(model.staffing.pools.pools)} pools.
""")

# %% [markdown]
# ## May it be believed?
#
# First against the log itself, then against the later 30% of the arrivals, which it had not seen. `shift` is a
# plain rival: take the earlier cases as they were.

# %%
check = model.validation
check

# %%
Markdown(f"**{check.verdict.capitalize()}.** {check.why}")

# %% [markdown]
# ## The changes
#
# Each has a likely size and bounds, as the study gives them.

# %%
study = sl.read_study("../sample_logs/study.yaml")
proposals = [sl.Proposal(name=s.name, changes=s.changes) for s in study.scenarios]
for proposal in proposals:
    print(proposal.name)
    for change in proposal.changes:
        print("   ", change.words())

# %% [markdown]
# ## What they do
#
# `validation=check` puts the error of the check into the intervals: each holds what the replay got wrong on the
# later arrivals, beside chance and the bounds of the changes.

# %%
found = sl.estimates(
    model, proposals, standard="45 days", draws=100, seed=1, validation=check
)
pd.concat(
    {
        e.name: e.table.set_index("measure")[
            ["baseline", "change", "change_low", "change_high"]
        ]
        for e in found
    }
).round(3)

# %%
_ = found[0].plot()

# %% [markdown]
# ## Together
#
# Effects don't add up: a case that no longer returns doesn't wait twice for the reviewer. The package is
# estimated as a whole, and shared out among its parts (Shapley). What each does alone may differ a little from
# the table above: there are many sets, so each gets fewer draws.

# %%
package = sl.packages(
    model,
    proposals,
    standard="45 days",
    target=0.95,
    draws=100,
    seed=1,
    validation=check,
)
parts = package.shares.query("measure == 'cycle_time.mean'")
parts[["scenario", "alone", "share", "share_low", "share_high"]].round(2)

# %% [markdown]
# ## What does an estimate hang on?
#
# One thing is moved at a time, everything else stays at its likely value. The line of that value isn't the mean of
# the estimate, which also draws smaller and larger effects; where the low bound of a change lies further off than
# the high one, the mean is the smaller of the two.

# %%
hangs = sl.sensitivity(
    model,
    proposals[0].changes,
    name=proposals[0].name,
    standard="45 days",
    draws=60,
    seed=1,
    validation=check,
)
_ = hangs.plot()

# %%
shown = hangs.shown
by_chance = shown.loc[shown["input"].str.startswith("Which cases come"), "swing"].iloc[0]
by_chance /= 2 * math.sqrt(hangs.draws)  # half an interval of one draw; that of their mean
near = [
    words
    for r in shown.itertuples()
    for words, change in ((r.low, r.change_at_low), (r.high, r.change_at_high))
    if abs(change - r.likely) < by_chance
]
Markdown(f"""
Chance moves a mean of {hangs.draws} draws by up to {by_chance:.2f} days either way (95 times in
100). An end of a bar that is nearer to the line tells nothing, not even its side:
{", ".join(near) if near else "there is none here"}.
""")

# %% [markdown]
# ## Against the truth
#
# `scenario_truth.json` holds what each change really does: ten runs of the generator with and without it. Nothing
# above has read it.

# %%
truth = json.loads(Path("../sample_logs/scenario_truth.json").read_text(encoding="utf-8"))[
    "minus_as_is"
]
names = {
    "cycle_time.mean": "mean_days",
    "within_standard": "within_standard",
    "contacts_per_case": "calls_per_case",
}
rows = []
for scenario, e in zip(study.scenarios, found, strict=True):
    for measure, true_name in names.items():
        figure = e[measure]
        true, error = truth[scenario.slug][true_name]
        rows.append(
            {
                "scenario": e.name,
                "measure": measure,
                "told": figure.change,
                "low": figure.change_low,
                "high": figure.change_high,
                "truth": true,
                "truth_error": error,
                "inside": figure.change_low <= true <= figure.change_high,
                "inside_give_or_take_2_errors": figure.change_low - 2 * error
                <= true
                <= figure.change_high + 2 * error,
            }
        )
compared = pd.DataFrame(rows)
compared.set_index(["scenario", "measure"]).round(3).replace({True: "yes", False: "no"})

# %% [markdown]
# ## The answers, in words

# %%
best = min(found, key=lambda e: e["cycle_time.mean"].change)
days = best["cycle_time.mean"]
saver = min(found, key=lambda e: e["staff_hours_per_case"].change)
together = package.together["cycle_time.mean"]
strictly, allowed = compared["inside"].sum(), compared["inside_give_or_take_2_errors"].sum()
missed = compared[~compared["inside"]]
outside = "; ".join(f"{r.measure} of “{r.scenario}”" for r in missed.itertuples())
advice = {
    "fit for decisions": "its figures may be planned with",
    "fit for direction only": "say that it gets better, don't promise by how much",
    "not fit": "don't use its figures",
}[check.verdict]
Markdown(f"""
- **{best.name}** takes most off the mean: {-days.change:.1f} days
  ({-days.change_high:.1f} to {-days.change_low:.1f}, with the error of the check),
  from {days.baseline:.1f}.
- **{saver.name}** saves the most work: {-saver["staff_hours_per_case"].change:.2f} staff hours
  a case.
- The replay is *{check.verdict}*: {advice}.
- Together they take {-together.change:.1f} days off; alone they would add up to
  {-parts["alone"].sum():.1f}.
- Of {len(compared)} figures ({len(names)} of each of the {len(found)} changes) the truth lies
  within the interval of **{strictly}**{f" (not of: {outside})" if len(missed) else ""}; give or
  take two standard errors of the truth itself, of {allowed}.
""")
