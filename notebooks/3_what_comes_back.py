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
# # 3. What comes back
#
# Work returns: something is missing, something is wrong. How many cases, how long, who pays for it, and which
# cases?

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
# ## Loops
#
# Go along a case and keep the path so far. When the next activity is already on it, the steps since then are a
# loop: cut them off. So each step is first-pass or belongs to one loop, and the days of both add up to the cycle
# time.

# %%
loops = sl.rework_loops(log, calendar=hours, staff_hour=52)
loops.table[
    [
        "loop",
        "n_cases",
        "cases_share",
        "days_per_case",
        "days_per_occurrence",
        "staff_hours_per_year",
        "cost_per_year",
    ]
].head(3).round(2)

# %%
_ = loops.plot()

# %%
first = sl.first_passes(log)
first

# %% [markdown]
# ## Which steps send cases back?
#
# The same loops by the transition with which they return, and how many cases took it:

# %%
graph = sl.loop_graph(loops)
graph.table[["source", "target", "n_returns", "n_cases_returning", "days_per_case"]].round(
    2
)

# %% [markdown]
# ## Which cases loop?
#
# Each level of a factor against all others, then with the other factors alike. False discoveries are held at 5%.
# What goes together isn't what causes.

# %%
together = sl.loop_associations(loops)
Markdown("\n".join(f"- {words}" for words in together.words))

# %%
_ = together.plot()

# %% [markdown]
# ## How much of the time is the loop's own doing?
#
# A case with a loop might have been slow anyway. Compare it with like cases (same channel, office and so on)
# without the loop. What a loop takes is told in three ways: days inside the loop, the plain difference to all other
# cases, and the difference to like cases. Looping cases that have no like case count only in the plain one.

# %%
matched = sl.matched_difference(loops, loop=loops.table["loop"].iloc[0])
matched

# %% [markdown]
# ## Does it go to and fro between people?
#
# A row is a pair of people: the case goes from the first to the second and comes back to the first. The three pairs
# with the most days:

# %%
sl.ping_pong(log).table.head(3)[
    ["from_unit", "to_unit", "n_round_trips", "n_cases", "days_per_round_trip"]
].round(1)

# %% [markdown]
# ## A real log: loan applications
#
# Its activities carry names such as *W_Validate application*; a return to it from *W_Call incomplete files* means that
# documents were missing. Work items that are *repeated at once* are mostly the same work, taken up again after a pause;
# so the answer below names the largest loop that goes over another step.

# %%
real_loops = None
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
    real_loops = sl.rework_loops(loans)
    display(
        real_loops.table[["loop", "n_cases", "cases_share", "days_per_case"]]
        .head(5)
        .round(3)
    )

# %% [markdown]
# ## The answers, in words

# %%
top = loops.table.iloc[0]
costly = loops.table.loc[loops.table["staff_hours_per_year"].idxmax()]
risk = together.table.iloc[0]
told = matched.table.set_index("figure")
like, n_like = told["days_per_looping_case"], told.loc["matched difference", "n_looping"]
words = f"""
- **{loops.cases_share.value:.0%}** of the closed cases come back at least once. Loops take
  {loops.days_per_case.value:.1f} of the days of an average case.
- The largest is *{top.loop}*: {top.n_cases:,} cases, {top.days_per_occurrence:.0f} days each time.
- The costliest in work is *{costly.loop}*: {costly.staff_hours_per_year:,.0f} staff hours
  a year, worth {costly.cost_per_year:,.0f} dollars at 52 an hour; the one with the most days
  takes {top.staff_hours_per_year:,.0f} hours.
- Cases with {risk.factor} “{risk.level}” loop {risk.risk_ratio:.1f} times as often as others
  ({risk.risk_ratio_low:.1f} to {risk.risk_ratio_high:.1f}).
- {n_like:,.0f} of the {top.n_cases:,} cases with the largest loop have like cases without it.
  They take {like["matched difference"]:.0f} days more than these;
  {like["raw time in the loop"]:.0f} days pass inside the loop.
"""
if real_loops is not None:
    returns = real_loops.table[~real_loops.table["loop"].str.endswith("repeated at once")]
    real_top = returns.iloc[0]
    words += f"""
- At the bank the largest return is *{real_top.loop}*:
  {real_top.cases_share:.0%} of the cases, {real_top.days_per_case:.1f} days of an average case.
"""
Markdown(words)
