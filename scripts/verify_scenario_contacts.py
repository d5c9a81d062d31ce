"""Contacts of scenarios on simulated services whose true effects are known: bias, errors, coverage of the intervals.

    python scripts/verify_scenario_contacts.py [--runs 200] [--cases 1500] > docs/verification/scenario-contacts.md

Each run simulates the records of a service (`tests/whatif/called_service.py`: its customers differ, and may have longer cases
the more they call; calls may bring on others), fits a replay, and estimates what half the wait for an answer, and telling
customers while a decision is awaited, would do to contacts per case. The truth is that of 200,000 cases of the same service.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "whatif"))
from called_service import CHANGES, calls, customers, records, true_changes

from streamline.whatif.estimate import Proposal, estimates
from streamline.whatif.replay import fit_replay

#: (customers who call much have longer cases, how many times as often customers call for three days after a call).
SERVICES = ((False, 1.0), (True, 1.0), (False, 2.5), (True, 2.5))
WORDS = {"shorter": "half the wait for the answer", "told": "40% fewer calls while the decision is awaited"}


def main() -> None:
    """Write the table to stdout, and each service's first line to stderr as it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--draws", type=int, default=100)
    given = parser.parse_args()
    print("# Contacts of scenarios where the truth is known\n")
    print(
        f"`scripts/verify_scenario_contacts.py`: {given.runs} runs of {given.cases:,} cases each, {given.draws} draws, 95% "
        "intervals. *sd* is the spread of the estimates between runs, *told* the mean half width of their intervals over 1.96.\n"
    )
    print(
        "| longer cases of frequent callers | redials | change | truth | mean estimate | bias | sd | told | coverage |"
    )
    print("|---|--:|---|--:|--:|--:|--:|--:|--:|")
    for related, again in SERVICES:
        true = true_changes(related=related, again=again)
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in CHANGES}
        for run in range(given.runs):
            rng = np.random.default_rng(1000 + run)
            of = customers(given.cases, rng, related=related)
            log, contacts = records(of, calls(of, rng, again=again), rng)
            proposals = [Proposal(name=name, changes=[change]) for name, (change, _) in CHANGES.items()]
            model = fit_replay(log, contacts=contacts)
            for name, e in zip(CHANGES, estimates(model, proposals, draws=given.draws, seed=run), strict=True):
                f = e["contacts_per_case"]
                found[name].append((f.change, f.change_low, f.change_high))
        for name, rows in found.items():
            value, low, high = np.array(rows).T
            truth = true[name]
            print(
                f"| {'yes' if related else 'no'} | {again:g} | {WORDS[name]} | {truth:.4f} | {value.mean():.4f} | "
                f"{value.mean() / truth - 1:+.1%} | {value.std(ddof=1):.4f} | {(high - low).mean() / 3.92:.4f} | "
                f"{((low <= truth) & (truth <= high)).mean():.1%} |",
                flush=True,
            )
        print(f"done: {related}, {again}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
