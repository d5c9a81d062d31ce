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
# # 2. Where the time goes
#
# A case takes weeks, and the work on it hours. Where does the rest go? And why?

# %%
from pathlib import Path

from IPython.display import Markdown

import streamline as sl

REAL = Path("../../shared/data")

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

# %% [markdown]
# ## Waiting and work along the critical path
#
# Walk back from the last completion, each time to the step without which this one couldn't have begun. The waits
# and the work along this path add up to the cycle time, exactly, also where steps run side by side:

# %%
times = sl.cycle_time(log)
places = sl.bottlenecks(log, calendar=hours)
along_path = places.table[["waiting_days_per_case", "service_days_per_case"]].sum()
waiting, work = along_path
print(f"waiting {waiting:.4f} + work {work:.4f} = {waiting + work:.4f} days")
print(f"mean cycle time {times.mean.value:.4f} days")

# %%
places.table[
    [
        "activity",
        "external",
        "share",
        "share_low",
        "share_high",
        "median_wait_days",
        "p90_wait_days",
    ]
].head(8).round(2)

# %%
_ = places.plot()

# %% [markdown]
# The interview comes first, but is that sure? `first_share_of_draws` resamples weeks of arrivals and says how
# often it does. `halved_days_per_case` says what halving a wait takes off the mean when everything after it moves
# up: less than half the wait where a step beside it holds the case anyway.

# %%
places.table[
    [
        "activity",
        "first_share_of_draws",
        "halved_days_per_case",
        "halved_low",
        "halved_high",
    ]
].head(4).round(2)

# %% [markdown]
# ## Why cases wait
#
# Each moment of a wait has one cause, the first that applies: the customer (external), a batch, nobody on duty,
# the person busy with earlier cases (contention) or with later ones (prioritisation), or none of these
# (extraneous).

# %%
causes = sl.waiting_by_cause(log, calendar=hours)
display(
    causes.table[
        ["cause", "share", "share_low", "share_high", "hours_per_case", "n_cases"]
    ].round(3)
)
Markdown("\n".join(f"- {caveat}" for caveat in causes.caveats))

# %%
_ = causes.plot()

# %% [markdown]
# Nearly half of the waiting is nights and weekends. That is no reproach: a queue waits at night, too. Leaving that
# cause out, the others share the rest like this. It isn't the working clock: the hours of the applicant and of the
# batch still count nights and weekends.

# %%
busy = causes.table.set_index("cause")["hours_per_case"].drop("unavailability")
(busy / busy.sum()).rename("share of the rest").round(3).to_frame()

# %% [markdown]
# ## Which step waits for which reason?

# %%
by_step = causes.by_activity.set_index("activity").drop(columns="n_steps").head(6).T
by_step.index = by_step.index.str.removesuffix("_hours_per_case").rename("hours per case")
by_step.round(1)

# %%
interview = by_step["Interview"]
in_hours = interview["waiting"] - interview["unavailability"]
Markdown(f"""
Of the {interview["waiting"]:.1f} hours that a case waits for its interview,
{interview["unavailability"]:.1f} are outside office hours. In the other {in_hours:.1f} the
specialist who held it was busy with earlier cases ({interview["contention"]:.1f}) or with
later ones ({interview["prioritisation"]:.1f}), or neither ({interview["extraneous"]:.1f}).
""")

# %% [markdown]
# So told, the interview waits for busy people. That is a reading of the records, and here it misleads: the sample's
# README says that an interview by telephone takes place no sooner than four to nine days after it was scheduled, so
# that the applicant has notice. Meanwhile the specialists work on other cases, and the records can't tell such a
# wait from one for them. No log shows a rule like this one. That is why causes need the eyes of somebody who knows
# the service.
#
# ## Batches
#
# Approvals wait for a time of day:

# %%
sl.batches(log, calendar=hours).table[
    ["activity", "fires", "n_batches", "mean_size", "mean_batching_hours"]
].round(1)

# %% [markdown]
# ## A queue over the year

# %%
queue = sl.queue_over_time(log, activity="Eligibility review", every="week")
_ = queue.plot()

# %% [markdown]
# ## A real log: loan applications
#
# BPIC 2017, the work items of a Dutch bank (30,276 cases). There is no calendar, so hours are found from each
# person's own work.

# %%
real_causes = None
if REAL.is_dir():
    loans = sl.read_log(
        REAL / "bpic2017-w" / "BPIC_2017_W.csv.gz",
        case="case_id",
        activity="activity",
        start="start_time",
        complete="end_time",
        resource="resource",
        timezone="UTC",
    )
    real_places = sl.bottlenecks(loans)
    real_causes = sl.waiting_by_cause(loans)
    display(
        real_places.table[
            ["activity", "share", "share_low", "share_high", "median_wait_days"]
        ]
        .head(4)
        .round(3)
    )
    display(
        real_causes.table[["cause", "share", "share_low", "share_high", "n_cases"]].round(3)
    )

# %% [markdown]
# ## The answers, in words

# %%
first, second = places.table.iloc[0], places.table.iloc[1]
share = causes.table.set_index("cause")["share"]
peak = queue.table.loc[queue.table["mean_waiting"].idxmax()]
words = f"""
- Of {times.mean.value:.1f} days, **{work:.1f} are work** and {waiting:.1f} are waiting.
- The most time goes into waiting for **{first.activity}** ({first.share:.0%} of the cycle time,
  {first.share_low:.0%} to {first.share_high:.0%}), then for **{second.activity}**
  ({second.share:.0%}). The first rank holds in {first.first_share_of_draws:.0%} of the
  resampled years.
- **{share["external"]:.0%}** of the waiting is on applicants,
  {share["unavailability"]:.0%} outside office hours, {share["batching"]:.0%} for the release of
  a batch, {share["contention"]:.0%} for people busy with earlier cases and
  {share["prioritisation"]:.0%} for people busy with later ones.
- The queue of the eligibility review was longest in the week of {peak["since"].day}
  {peak["since"]:%B %Y}, with {peak["mean_waiting"]:.0f} cases waiting on average.
"""
if real_causes is not None:
    top, real_share = (
        real_places.table.iloc[0],
        real_causes.table.set_index("cause")["share"],
    )
    biggest = real_share.idxmax()
    words += f"""
- At the bank, **{top.activity}** takes {top.share:.0%} of the cycle time. Of all the waiting,
  {real_share[biggest]:.0%} counts as *{biggest}*, and {real_share["contention"]:.1%} as people
  busy with earlier cases.
"""
Markdown(words)
