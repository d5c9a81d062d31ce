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
# # 7. Ten million events, and a cluster
#
# A large agency has years of records. Does the same code do? Three ways are compared: in memory, in parts on
# disk, and on Apache Spark.
#
# To know what must come out, the sample agency is taken many times over: with so many copies of each case every
# count is so many times as large, and each mean, median and share stays what it was. (Not so a 90th percentile, which
# may lie between two neighbouring waits: it moves towards one of them.)

# %%
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from IPython.display import Markdown

import streamline as sl

N_EVENTS = int(os.environ.get("STREAMLINE_EVENTS", "10_000_000"))
folder = Path(tempfile.mkdtemp())
_ = duckdb.execute("set enable_progress_bar = false")

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
one = sl.log_summary(log)
print(f"{one.n_cases:,} cases, {one.n_steps:,} steps")

# %% [markdown]
# ## Ten million events
#
# DuckDB writes the copies to a Parquet file, each with a case number of its own.


# %%
def write_copies(n: int, path: Path) -> None:
    """The log's steps n times over, each copy of a case under a number of its own."""
    steps = log.to_frame()[["case", "activity", "start", "complete", "resource"]]
    duckdb.register("steps", steps)
    duckdb.sql(
        f"copy (select range || '-' || \"case\" as case_id, activity, start, complete, resource "
        f"from range({n}), steps) to '{path}'"
    )


copies = -(-N_EVENTS // log.n_steps)
large = folder / "large.parquet"
write_copies(copies, large)
columns = {
    "case": "case_id",
    "activity": "activity",
    "start": "start",
    "complete": "complete",
    "timezone": "America/New_York",
    "ends": ["Issue notice", "Withdrawn"],
}
print(f"{copies} copies of {log.n_steps:,} steps")

# %% [markdown]
# ## In memory
#
# One pass of compiled loops answers five questions: what follows what and after which wait, which routes, how
# long, what repeats, which loops.

# %%
began = time.perf_counter()
whole = sl.read_log(large, **columns)
read_seconds = time.perf_counter() - began
began = time.perf_counter()
summary = sl.log_summary(whole)
answer_seconds = time.perf_counter() - began
whole

# %%
summary.directly_follows.drop(columns="rank_error").head(5).round(3)

# %% [markdown]
# Does it scale as it must? Each count by the number of copies, means and medians not at all:

# %%
small, big = (
    s.directly_follows.set_index(["source", "target"])[
        ["n", "n_cases", "mean_hours", "median_hours"]
    ].sort_index()
    for s in (one, summary)
)
exact = {
    "counts": bool(
        (big["n"] == copies * small["n"]).all()
        and (big["n_cases"] == copies * small["n_cases"]).all()
    ),
    "means": bool(
        (
            (big["mean_hours"] - small["mean_hours"]).abs()
            < 1e-9 * (1 + small["mean_hours"].abs())
        ).all()
    ),
    "medians": bool((big["median_hours"] - small["median_hours"]).abs().max() < 1e-9),
}
for what, same in exact.items():
    print(f"{what}: {'as they must be' if same else 'NOT AS THEY MUST BE'}")

# %% [markdown]
# ## Keep it
#
# The coded columns go to disk once; opening them again parses nothing.

# %%
whole.save(folder / "store")
began = time.perf_counter()
again = sl.open_log(folder / "store")
open_seconds = time.perf_counter() - began
print(f"{again.n_steps:,} steps opened of {whole.n_steps:,} kept")

# %% [markdown]
# ## In parts, with one gigabyte
#
# The cases are split on disk, each part is read for itself, and the summaries are added up. The answer is the
# same, because they add up exactly.

# %%
del whole, again
parts = sl.partitioned_summary(large, memory="1 GB", **columns)
same_in_parts = parts.directly_follows[["source", "target", "n", "n_cases"]].equals(
    summary.directly_follows[["source", "target", "n", "n_cases"]]
)
print(f"The counts in parts are {'the same' if same_in_parts else 'DIFFERENT'}.")

# %% [markdown]
# ## On a cluster
#
# Spark runs the same loops, partition by partition. Here the cluster is this machine with two workers, and the
# log has a tenth of the copies. Java is needed.

# %%
same_on_spark = None
if shutil.which("java"):
    from pyspark.sql import SparkSession

    medium = folder / "medium.parquet"
    write_copies(max(copies // 10, 1), medium)
    (folder / "log4j2.properties").write_text("rootLogger.level = off\n", encoding="utf-8")
    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    spark = (
        SparkSession.builder.master("local[2]")
        .appName("notebook")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config(
            "spark.driver.extraJavaOptions",
            f"-Dlog4j2.configurationFile={folder}/log4j2.properties",
        )
        .config("spark.local.dir", str(folder))
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    on_spark = sl.spark_summary(str(medium), session=spark, n_partitions=4, **columns)
    here = sl.log_summary(sl.read_log(medium, **columns))
    same_on_spark = on_spark.directly_follows[["source", "target", "n", "n_cases"]].equals(
        here.directly_follows[["source", "target", "n", "n_cases"]]
    )
    spark.stop()
spark_words = (
    "not tried: there is no Java here"
    if same_on_spark is None
    else ("the same" if same_on_spark else "**different**")
)
print(f"The counts on Spark are {spark_words}.")

# %%
shutil.rmtree(folder)

# %% [markdown]
# ## The answers, in words
#
# How many seconds each way takes is measured on a quiet machine, beside pandas, Polars, DuckDB, pm4py and r4pm,
# in `benchmarks/RESULTS.md`. Here it is only said whether it was a matter of seconds.


# %%
def in_words(seconds: float) -> str:
    return next(
        word
        for bound, word in ((10, "seconds"), (60, "less than a minute"), (600, "minutes"))
        if seconds < bound
    )


in_parts_words = "the same" if same_in_parts else "**different**"
Markdown(f"""
- {summary.n_steps:,} steps of {summary.n_cases:,} cases: reading takes
  {in_words(read_seconds)}, the five answers {in_words(answer_seconds)}, opening the stored
  columns {in_words(open_seconds)}.
- Each count is {"" if exact["counts"] else "**not** "}{copies} times that of one copy. Means
  {"stayed" if exact["means"] else "**changed**"}, and medians
  {"did, too" if exact["medians"] else "**changed**"}.
- In parts with one gigabyte the counts are {in_parts_words}; on Spark they are {spark_words}.
""")
