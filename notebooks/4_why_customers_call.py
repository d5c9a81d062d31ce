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
why.table[["reason", "status", "n_contacts", "share", "share_low", "share_high"]].round(3)

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
# on, and why.

# %%
rates.ratios.round(2)

# %%
print(rates.why)

# %% [markdown]
# ## What do a missed standard and a loop bring?

# %%
late = sl.overdue_contacts(life)
late.table.round(3)

# %%
inside = sl.loop_contacts(links)
print(inside.statement)

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

# %%
print(*forecast.summary, sep="\n")

# %% [markdown]
# ## The answers, in words

# %%
per_case = sl.contacts_per_case(links).table.iloc[0]
ratio = late.ratio
longest = rates.ratios.query("factor == 'waiting'").iloc[-1]
Markdown(f"""
- A case brings **{per_case.contacts_per_case:.2f} contacts** ({per_case.contacts_low:.2f} to {per_case.contacts_high:.2f}); {per_case.share_with_contact:.0%}
  of the cases bring any.
- **{why.status_share.value:.0%}** of them ask how far the case is ({why.status_share.low:.0%} to {why.status_share.high:.0%}).
- Past the standard, customers get in touch **{ratio.value:.1f} times** as often ({ratio.low:.1f} to {ratio.high:.1f}).
- A longer wait by itself: after {longest.level} of waiting for the same step the rate is {longest.ratio:.2f} times
  ({longest.low:.2f} to {longest.high:.2f}) that of {longest.reference}.
- {inside.statement}
- {first.statement}
- Of {len(forecast.table)} weeks that the rates had not seen, {forecast.weeks_inside} had as many contacts as foretold, within the
  interval.
""")
