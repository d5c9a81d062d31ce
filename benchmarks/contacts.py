"""How long the questions about contacts take: 100,000, 300,000 and 1 million events with as many contacts.

Cases wait in queues (the log of `waiting.py`). Customers differ, and those who call much call in longer cases too; for three
days after a contact they call more. Each part is timed three times on the same records and the median is told; memory is the
peak of a process of its own for each size. Writes CONTACTS.md beside itself.

    python benchmarks/contacts.py
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
from waiting import queued_log

from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.read import read_contacts
from streamline.measure.contacts.exposure import open_life
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.contacts.rates import contact_rates
from streamline.stats.net_demand import net_demand
from streamline.stats.rate_choice import chosen_rates
from streamline.stats.repeats import repeats
from streamline.units import DAY

SIZES = (100_000, 300_000, 1_000_000)
TIMES = 3


def calls(log: EventLog, n: int, *, seed: int = 2) -> ContactLog:
    """n contacts at random instants of open lives; a third of them within three days of another one."""
    rng = np.random.default_rng(seed)
    first, last = log.case_offsets[:-1], log.case_offsets[1:] - 1
    begun, ended = log.start[first], log.complete[last]
    open_days = (ended - begun) / DAY
    zeal = rng.gamma(1.0, 1.0, len(begun)) * open_days
    case = np.sort(rng.choice(len(begun), n - n // 3, p=zeal / zeal.sum()))
    time = begun[case] + (rng.random(len(case)) * (ended - begun)[case]).astype(np.int64)
    again = rng.integers(0, len(case), n // 3)
    later = np.minimum(time[again] + (rng.random(len(again)) * 3 * DAY).astype(np.int64), ended[case[again]] - 1)
    which = np.concatenate([case, case[again]])
    instants = pd.DatetimeIndex(np.concatenate([time, later]).astype("datetime64[us]"), tz="UTC")
    frame = pd.DataFrame({"case": log.case_id_array(which), "time": instants})
    return read_contacts(frame, case="case", time="time", timezone="UTC")


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """(median seconds by the clock, of the processor, the result)."""
    taken, worked = [], []
    for _ in range(TIMES):
        begun, at_work = perf_counter(), process_time()
        result = work()
        taken.append(perf_counter() - begun)
        worked.append(process_time() - at_work)
    return median(taken), median(worked), result


def one(n: int) -> None:
    """The rows of one size, on standard output."""
    log = queued_log(n, load=0.99)
    contacts = calls(log, n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found: list[tuple[str, float, float, str]] = []

    def note(what: str, work: Callable[[], Any], said: Callable[[Any], str]) -> Any:
        seconds, worked, result = timed(work)
        found.append((what, seconds, worked, said(result)))
        return result

    links = note("linking", lambda: link_contacts(log, contacts), lambda r: f"{r.n_contacts:,.0f} linked")
    life = note(
        "open life in stretches, with intervals", lambda: open_life(links), lambda r: f"{len(r.case):,} stretches"
    )
    rows = life.stretches("state", "waiting", "recent")
    net = note(
        "net demand: the ratio after a contact", lambda: net_demand(rows, recent="recent"),
        lambda r: "ratios " + ", ".join(f"{ratio[0]:.2f}" for ratio in r.ratios),
    )  # fmt: skip
    note("rates: pooled, within cases, and their comparison", lambda: chosen_rates(net), lambda r: r.preferred)
    note(
        "repeats and net share", lambda: repeats(rows, recent="recent"),
        lambda r: f"net share {r.net_share[0]:.2f}",
    )  # fmt: skip
    note("contact_rates, the whole question", lambda: contact_rates(log, contacts), lambda r: f"{len(r.table)} rows")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for what, seconds, worked, said in found:
        print(f"| {log.n_steps:,} | {len(contacts):,} | {what} | {worked:.2f} | {seconds:.2f} | {said} |")
    print(
        f"| {log.n_steps:,} | {len(contacts):,} | peak memory | | | {peak / 1024:,.0f} MB, {before / 1024:,.0f} of them records |"
    )


def main() -> None:
    """Each size in a process of its own."""
    if len(sys.argv) > 1:
        one(int(sys.argv[1]))
        return
    subprocess.run([sys.executable, __file__, "3000"], check=True, capture_output=True)  # compiles what isn't yet
    rows = [
        subprocess.run([sys.executable, __file__, str(n)], check=True, capture_output=True, text=True).stdout
        for n in SIZES
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    text = (
        "# Contacts: speed\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {memory:.0f} GiB of memory, Python {platform.python_version()}. "
        f"Made by `benchmarks/contacts.py`: medians of {TIMES}, one process a size. "
        "Other work ran on the machine, so the processor's seconds are the ones to compare. "
        "Intervals of open life resample the cases of each state and band a thousand times, below 50,000 of them; beyond, an "
        "expansion takes their place, so the middle size takes longest. All else grows in proportion.\n\n"
        "| events | contacts | what | processor seconds | seconds by the clock | found |\n| --: | --: | --- | --: | --: | --- |\n"
        + "".join(rows)
    )
    Path(__file__).with_name("CONTACTS.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
