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
# # 1. First look at a log
#
# An agency exports the steps of its cases. What is in the export, how good is it, and what does it say at first
# sight?
#
# The first log is that of the sample agency, which is generated (`sample_logs/README.md`). The second is real:
# the receipt phase of an environmental permit in a Dutch municipality. It is read where `shared/data` lies beside
# the checkout.

# %%
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

import streamline as sl

REAL = Path("../../shared/data")

# %% [markdown]
# ## Read
#
# Five columns say what the log is: the case, the activity, its start and completion, and who did it. `external`
# names the step for which the agency waits on the applicant, `ends` the activities that end a case.

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
log

# %% [markdown]
# ## How good is it?
#
# Every oddity is told with its count, what it does to the results, and where to look. Rows that can't be used are
# set aside. They aren't gone: `log.rejects` has them.

# %%
quality = sl.data_quality(log)
quality

# %%
pd.DataFrame(list(log.rejects))

# %% [markdown]
# ## How long does a case take?
#
# Cycle time runs from the arrival to the last completion, by the clock. Only closed cases have one. The share
# within the standard also uses the open cases, each up to its age.

# %%
times = sl.cycle_time(log, standard="45 days")
times

# %%
_ = times.plot()

# %% [markdown]
# The mean lies well above the median: some cases take very long. Behind each number are its rows. These are the
# slowest cases:

# %%
slowest = times.cases.nlargest(3, "cycle_time_days")
slowest[["case", "arrival", "last_completion", "cycle_time_days"]].round(1)

# %% [markdown]
# ## Which ways do cases go?

# %%
sl.process_map(log)

# %%
routes = sl.variants(log)
routes.table[["n_steps", "n_cases", "share", "mean_cycle_days"]].head(5).round(3)

# %% [markdown]
# ## Is it the same for everybody?

# %%
channels = sl.by_group(log, "channel", standard="45 days")
channels.table.drop(columns="contacts_per_case").round(3)  # no contacts are read here

# %% [markdown]
# ## A real log
#
# The receipt phase: 1,434 cases, completions only. Nothing says when work on a step began, so waiting and work
# are told together, and the library says so.

# %%
real = None
if REAL.is_dir():
    real = sl.read_log(
        REAL / "receipt" / "receipt.xes.gz",
        timezone="Europe/Amsterdam",
        channel="case:channel",
        attributes=["case:department"],
    )
real

# %%
if real is not None:
    display(sl.data_quality(real))
    real_times = sl.cycle_time(real)
    display(real_times)

# %% [markdown]
# ## The answers, in words

# %%
mail, online = (channels.table.set_index("group").loc[g] for g in ("mail", "online"))
words = f"""
- The sample's log holds **{log.n_cases:,} cases**; {times.n_open:,} of them are still open.
  {len(log.rejects)} of {log.notes.n_rows:,} rows can't be used.
- A closed case took **{times.mean.value:.0f} days** on average
  ({times.mean.low:.1f} to {times.mean.high:.1f}); half of them took less than
  {times.median.value:.0f} days, one in ten more than {times.p90.value:.0f}.
- **{times.within_standard.value:.0%}** are within 45 days. By mail it takes
  {mail.mean_days:.0f} days, online {online.mean_days:.0f}.
- {len(routes.table)} different routes lead through the service; the most frequent has
  {routes.table["share"].iloc[0]:.0%} of the cases.
"""
if real is not None:
    mean, median = real_times.mean, real_times.median
    words += f"""
- The receipt phase took {mean.value:.1f} days on average, but half of the {mean.n:,} cases
  took less than {median.value * 24:.1f} hours: a few long cases make the mean. It tells nothing
  about a usual case.
"""
Markdown(words)
