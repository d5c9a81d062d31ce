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
# # 4. Why customers call
#
# Calls cost the agency money and the customer time. What do they ask, what do their cases await then, and would
# they call less if it went faster?

# %%
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
# ## Which case is a contact about?
#
# Contacts without a case number can't be placed. They aren't dropped: figures are scaled up by the share that
# can.

# %%
links = sl.link_contacts(log, calls)
links

# %% [markdown]
# ## What do they ask?

# %%
life = sl.open_life(links, standard="45 days")
why = sl.why_they_call(life)
asked = why.table[["reason", "status", "n_contacts", "share", "share_low", "share_high"]]
asked.round(3).astype({"n_contacts": int})

# %% [markdown]
# ## What do their cases await?
#
# The open life of each case is cut into stretches by the step that it awaits and by how long it has done so. A
# rate is contacts over open days.

# %%
rates = sl.contact_rates(log, calls, standard="45 days")
_ = rates.plot()

# %% [markdown]
# ## Does a longer wait make them call?
#
# Customers who call much may also have longer cases. Comparing cases with each other would then mistake who calls
# for how long they wait. So the ratio can be taken within each case. The library says which comparison it rests
# on, and why. Each row is a level against the reference of its factor, with the other factors alike.

# %%
ratios = rates.ratios[rates.ratios["level"] != rates.ratios["reference"]].round(2)
ratios["p_value"] = [f"{p:.2f}" if p >= 0.01 else "below 0.01" for p in ratios["p_value"]]
ratios

# %%
Markdown(rates.why)

# %% [markdown]
# Only contacts about open cases count in this comparison; those before the arrival and after the end don't.

# %% [markdown]
# ## What do a missed standard and a loop bring?
#
# The plain rates per open day, within and past the standard, are those of different cases, which also await
# different steps. How much more often the same customers get in touch once they are past it, with the same step
# awaited, is the row `overdue` of the ratios above.

# %%
late = sl.overdue_contacts(life)
late.table.drop(columns="n_cases").round(3).astype({"open_days": int, "n_contacts": int})

# %%
inside = sl.loop_contacts(links)
Markdown(inside.statement)

# %% [markdown]
# ## Is it the first call or the third?

# %%
first = sl.first_contact_resolution(links, within="7 days")
first

# %% [markdown]
# ## Do the rates hold?
#
# Fit the rates on the first 70% of the time, foretell the weeks after that, and compare: with what came, and with
# plain rivals.

# %%
forecast = sl.contact_forecast(links, standard="45 days")
_ = forecast.plot()

# %% [markdown]
# Beside the total, which stands under the chart:

# %%
Markdown("\n".join(f"- {words}" for words in forecast.summary[1:]))

# %% [markdown]
# ## The answers, in words

# %%
per_case = sl.contacts_per_case(links).table.iloc[0]
overdue = rates.ratios.query("factor == 'overdue'").iloc[-1]
longest = rates.ratios.query("factor == 'waiting'").iloc[-1]
Markdown(f"""
- A closed case brings **{per_case.contacts_per_case:.2f} contacts**
  ({per_case.contacts_low:.2f} to {per_case.contacts_high:.2f}), those after its end included;
  {per_case.share_with_contact:.0%} of the closed cases bring any.
- **{why.status_share.value:.0%}** of the contacts ask how far the case is
  ({why.status_share.low:.0%} to {why.status_share.high:.0%}).
- Past the standard, the same customers, whose cases await the same step, get in touch
  **{overdue.ratio:.2f} times** as often ({overdue.low:.2f} to {overdue.high:.2f}).
- A longer wait by itself: after {longest.level} of waiting for the same step the rate is
  {longest.ratio:.2f} times ({longest.low:.2f} to {longest.high:.2f}) that of {longest.reference}.
- {inside.statement}
- {first.statement}
- Of {len(forecast.table)} weeks that the rates had not seen, {forecast.weeks_inside} had as many
  contacts as foretold, within the interval.
""")
