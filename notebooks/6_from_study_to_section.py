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
# # 6. From study to section
#
# Everything so far can be had with one file and one command. This notebook writes the file, makes the section,
# reads its findings and checks that they are in the records.

# %%
import shutil
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

import streamline as sl

folder = Path(tempfile.mkdtemp())
for name in ("events.csv", "calls.csv"):
    shutil.copy(f"../sample_logs/{name}", folder)

# %% [markdown]
# ## The study

# %%
(folder / "study.yaml").write_text(
    """
study:
  title: Heating assistance applications
  agency: Department of Family Support
  service: Heating assistance
log:
  path: events.csv
  case: application
  activity: step
  start: began
  complete: finished
  resource: worker
  channel: channel
  attributes: [office]
  timezone: America/New_York
  external: [Information received]
  ends: [Issue notice, Withdrawn]
contacts:
  path: calls.csv
  case: application
  time: called
  channel: channel
  reason: reason
  status_reasons: [status]
window: {from: 2025-02-03, to: 2025-11-30}
calendar: {hours: {mon-fri: "08:00-16:30"}, holidays: US}
standard: {cycle_time: 45 days, target: 0.90}
scenarios:
  - name: Half of the returns prevented
    signature: true
    changes:
      - kind: reduce_rework
        through: Request information
        by: 0.5
        low: 0.35
        high: 0.6
        evidence: pilot, two offices
simulation: {draws: 40, seed: 1}
""",
    encoding="utf-8",
)
study = sl.read_study(folder / "study.yaml")
Markdown(
    f"The study's scenarios, as ids name them: `{'`, `'.join(s.slug for s in study.scenarios)}`."
)

# %% [markdown]
# A mistake is told before anything is computed, with its line and the nearest name:

# %%
wrong = (
    (folder / "study.yaml")
    .read_text(encoding="utf-8")
    .replace("reduce_rework", "reduce_work")
    .replace("0.90", "90")
)
(folder / "wrong.yaml").write_text(wrong, encoding="utf-8")
try:
    sl.read_study(folder / "wrong.yaml")
except sl.StudyError as error:
    told = str(error).replace("\n  - ", "\n\n- ")  # a list in Markdown
Markdown(told)

# %% [markdown]
# ## The section
#
# `plan_section` reads, measures, estimates and composes; `save` writes the folder as a whole.

# %%
section = sl.plan_section(folder / "study.yaml")
out = section.save(folder / "out")
print(*sorted(p.name for p in out.iterdir()), sep="\n")

# %% [markdown]
# Its figures:

# %%
print(*sorted(p.name for p in (out / "figures").glob("*.svg")), sep="\n")

# %% [markdown]
# ## The findings
#
# Each number has an id that stays the same from run to run, its interval, its n and its method.

# %%
findings = sl.read_findings(out / "findings.json")
pd.Series([f.id.split(".")[0] for f in findings.values()]).value_counts(sort=False).rename(
    "findings"
).to_frame()

# %%
effect = findings[f"scenario.{study.scenarios[0].slug}.cycle_time.mean"]
some = (
    findings["baseline.cycle_time.mean"],
    findings["rework.loop.1.cases_share"],
    effect,
)
Markdown("\n".join(f"- {finding.statement}" for finding in some))

# %% [markdown]
# A number in somebody else's document takes its source along:

# %%
Markdown(effect.as_footnote())

# %% [markdown]
# ## Is every number in the records?
#
# `verify` reads the records, computes everything again and compares. First, one number is changed by hand: `n`, the
# number of cases, of the finding `summary.time`, the first in the file that has one.

# %%
path = out / "findings.json"
n = findings["summary.time"].n
path.write_text(
    path.read_text(encoding="utf-8").replace(f'"n": {n}', f'"n": {n + 1}', 1),
    encoding="utf-8",
)
checked = sl.verify(out)
differences = "\n".join(f"- {difference}" for difference in checked.differences)
Markdown(f"""
{checked.n_findings} findings and {checked.n_files} files compared; what differs:

{differences}
""")

# %%
shutil.rmtree(folder)

# %% [markdown]
# ## The answers, in words

# %%
Markdown(f"""
- One file and one call gave a section with **{len(findings)} findings**, as HTML, Word, PDF and
  Markdown.
- Computed again from the records, {checked.n_findings} findings and {checked.n_files} files were
  compared. One number had been changed by hand, and just that is found
  ({checked.differences[0]}), and that its file isn't the one that was written.
- {effect.statement}
- {findings["validation.verdict"].statement}
""")
