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
# # 8. An object-centric log
#
# Some systems don't record cases. They record events, each of which touches several objects: an inspection that
# serves three permits, a truck that takes the goods of five orders. Such logs (OCEL 2.0) must be *flattened*
# before anything is measured: one kind of object is chosen to be the case. Which one changes the answer. This
# notebook shows how, and what to look out for.

# %%
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown

import streamline as sl

PUBLISHED = Path("../../shared/data/ocel/ocel2_logistics.sqlite.gz")

# %% [markdown]
# ## A small agency
#
# Builders apply for permits: 600 projects of one to four permits each. Each permit is received and reviewed by
# itself. **One inspection serves all permits of a project**, when the last of them was reviewed. Then each permit
# is issued.
#
# The records are two tables, as in OCEL 2.0: events, and which objects each event touches.

# %%
rng = np.random.default_rng(8)
events, links = [], []


def record(activity: str, when: pd.Timestamp, objects: list[str]) -> None:
    name = f"e{len(events)}"
    events.append({"event": name, "activity": activity, "time": when})
    links.extend({"event": name, "object": o} for o in objects)


objects = []
for p in range(600):
    project, filed = (
        f"project-{p}",
        pd.Timestamp("2025-01-06", tz="UTC") + pd.Timedelta(hours=14.0 * p),
    )
    objects.append({"object": project, "type": "project"})
    reviewed = []
    for k in range(rng.integers(1, 5)):
        permit = f"permit-{p}-{k}"
        objects.append({"object": permit, "type": "permit"})
        received = filed + pd.Timedelta(hours=rng.exponential(24))
        review = received + pd.Timedelta(days=rng.gamma(2, 3))
        record("Receive permit", received, [project, permit])
        record("Review permit", review, [project, permit])
        reviewed.append((permit, review))
    inspection = max(review for _, review in reviewed) + pd.Timedelta(days=rng.gamma(3, 2))
    record("Inspect site", inspection, [project, *(permit for permit, _ in reviewed)])
    for permit, _ in reviewed:
        record(
            "Issue permit",
            inspection + pd.Timedelta(days=rng.exponential(2)),
            [project, permit],
        )

events, links, objects = pd.DataFrame(events), pd.DataFrame(links), pd.DataFrame(objects)
print(f"{len(events):,} events, {len(objects):,} objects, {len(links):,} links")

# %% [markdown]
# ## Flattening
#
# Choose a type of object. Each object of it is a case, and has the events that touch it. An event that touches
# several of them comes several times (*convergence*); an event that touches none is lost (*deficiency*). Both
# must be counted, or the numbers mislead.


# %%
def flattened(
    events: pd.DataFrame, links: pd.DataFrame, objects: pd.DataFrame, kind: str
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The events, a row for each object of this type that they touch, and what that did."""
    chosen = links[
        links["object"].isin(objects.loc[objects["type"] == kind, "object"])
    ].drop_duplicates()
    rows = chosen.merge(events, on="event").rename(columns={"object": "case"})
    times = chosen.groupby("event").size()
    told = {
        "events": len(events),
        "rows": len(rows),
        "repeated": int((times > 1).sum()),
        "lost": int((~events["event"].isin(chosen["event"])).sum()),
    }
    return rows[["case", "activity", "time"]], told


def read(rows: pd.DataFrame, ends: list[str]) -> sl.EventLog:
    return sl.read_log(
        rows, case="case", activity="activity", complete="time", timezone="UTC", ends=ends
    )


by_permit, permit_told = flattened(events, links, objects, "permit")
by_project, project_told = flattened(events, links, objects, "project")
pd.DataFrame({"permit": permit_told, "project": project_told})

# %%
permits, projects = read(by_permit, ["Issue permit"]), read(by_project, ["Issue permit"])
permit_time, project_time = sl.cycle_time(permits), sl.cycle_time(projects)
pd.concat({"permit": permit_time.table, "project": project_time.table}).round(2)

# %% [markdown]
# ## The same work, counted twice
#
# By permit, an inspection stands in the log once for each permit that it served. Whoever multiplies it by the
# hours of an inspection counts hours that nobody worked:

# %%
counts = pd.DataFrame(
    {
        "events": events["activity"].value_counts(),
        "rows by permit": by_permit["activity"].value_counts(),
        "rows by project": by_project["activity"].value_counts(),
    }
)
counts

# %% [markdown]
# ## Loops that aren't there
#
# By project, four permits are received one after the other. That looks like a loop, though nothing came back
# (*divergence*):

# %%
loops = {
    name: sl.rework_loops(flat)
    for name, flat in (("permit", permits), ("project", projects))
}
loops["project"].table[["loop", "n_cases", "cases_share"]].head(3).round(2)

# %%
by_permit_loops = len(loops["permit"].table)
print(
    f"By permit, {by_permit_loops or 'no'} {'loop' if by_permit_loops == 1 else 'loops'} found."
)

# %% [markdown]
# ## One that others made: container logistics
#
# A published OCEL 2.0 file (SQLite), simulated too: customer orders, transport documents, containers, vehicles.
# `sl.read_ocel` flattens it in the same way, and counts what that did. How long does it take, by order and by container?

# %%
table, returns = None, None
if PUBLISHED.is_file():
    rows = {}
    for kind in ("Customer Order", "Transport Document", "Container"):
        flat_log = sl.read_ocel(PUBLISHED, object_type=kind, timezone="UTC")
        rework = sl.rework_loops(flat_log)
        returns = rework.table.assign(case=kind) if len(rework.table) else returns
        odd = flat_log.notes.odd_rows
        rows[kind] = {
            "events": flat_log.notes.n_rows,
            "rows": flat_log.n_steps,
            "repeated": len(odd.get("convergence", ())),
            "lost": len(odd.get("without_case", ())),
            "cases": flat_log.n_cases,
            "median days": sl.cycle_time(flat_log).median.value,
            "cases that loop": rework.cases_share.value,
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    display(table.round(2))
    display(returns[["case", "loop", "n_cases", "cases_share"]].round(2))

# %% [markdown]
# By order nearly everything is lost: events of containers and goods don't name the order. Objects that link to
# each other (`object_object`) could carry them over; here it is only counted what is missing.
#
# Nearly every container loops, and yet nothing comes back: *Load Truck* is recorded once for each load that goes into
# it, one after the other, and a step that follows itself counts as a loop. Only somebody who knows the service can
# say which loops are returns.
#
# ## The answers, in words

# %%
words = f"""
- A **permit** takes {permit_time.mean.value:.1f} days on average, a **project**
  {project_time.mean.value:.1f}. Both are right; they answer different questions.
- By permit, {permit_told["repeated"]:,} events come more than once ({permit_told["rows"]:,} rows
  of {permit_told["events"]:,} events): right for how long a permit takes, wrong for how much work
  there is.
- By project, {loops["project"].cases_share.value:.0%} of the cases seem to loop; by permit,
  {loops["permit"].cases_share.value:.0%} do. Nothing ever comes back in this agency.
"""
if table is not None:
    best = table["lost"].idxmin()
    of_best, of_order = table.loc[best], table.loc["Customer Order"]
    words += f"""
- In the container log, flattening by {best.lower()} loses {of_best["lost"]:,.0f} of
  {of_best["events"]:,.0f} events, by customer order {of_order["lost"]:,.0f}.
  A {best.lower()} takes {of_best["median days"]:.1f} days (median).
"""
Markdown(words)
