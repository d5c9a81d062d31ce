"""Why customers get in touch: how many contacts ask how far the case is.

A *status contact* asks how far the case is. Where reasons are recorded, those that the user named tell it. Where they
aren't, a lower bound is given: the contacts that come while the case waits for the agency (not for the customer or a third
party) and has done so for longer than the first waiting band, or is overdue. It is a lower bound if whoever gets in
touch then asks how far the case is; earlier contacts, and those in the customer's turn, count as something else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.loops import grouped_cases
from streamline.measure.contacts.exposure import OpenLife
from streamline.measure.contacts.intervals import FEWEST_SHOWN, n_different, share_bounds
from streamline.measure.duration import LEVEL
from streamline.measure.factor import UNKNOWN
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS
from streamline.units import counted, significant

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Share of contacts without a reason from which it is said how far they could move the status share.
MANY_WITHOUT = 0.05
#: Reasons or states that have intervals: those with the most contacts.
WITH_INTERVAL = 40


@dataclass(frozen=True, kw_only=True, repr=False)
class WhyTheyCall(Result):
    """What contacts are about; n counts the cases with a contact.

    `table`, most contacts first, one row a reason (a state of the case, where reasons aren't recorded): reason or state,
    status ("yes", "no"; by states "at least in part" or "not counted"), n_contacts (by weight), share of the contacts with
    share_low and share_high, n_status (counted as status contacts), n_cases. Contacts without a reason are a row of their
    own, whose share is that of all contacts; the others' are those of the contacts with a reason. The 40 rows
    with the most contacts have intervals.
    """

    #: Share of the contacts that ask how far the case is; None where nothing tells.
    status_share: Estimate | None
    #: Whether that is a lower bound, from states and waits, instead of a count of reasons.
    is_lower_bound: bool
    #: Contacts without a recorded reason, share of all; NaN where no reason is recorded at all.
    unrecorded_share: float
    life: OpenLife = field(repr=False)
    _status: Bool = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a linked contact: as `LinkedContacts.cases`, with state, waiting, overdue and whether it counts as status."""
        frame = self.life.links.cases.copy()
        for name in ("state", "waiting", "overdue"):
            f = self.life.factor(name)
            frame[name] = np.asarray(f.levels, dtype=object)[f.codes[self.life.stretch_of_link]]
        return frame.assign(status=self._status)

    @property
    def statement(self) -> str:
        """The status share in a sentence."""
        found = self.status_share
        if found is None:
            return "The records don't tell why customers get in touch."
        least = "At least " if self.is_lower_bound else ""
        interval = "" if found.low is None or found.high is None else f" ({found.low:.0%} to {found.high:.0%})"
        text = f"{least}{found.value:.0%}{interval} of {counted(found.n, 'contact')} ask how far the case is."
        return text[:1].upper() + text[1:]

    def chart(self) -> Chart:
        """Shares of contacts by reason, or by state, where there are ten contacts or more."""
        first = str(self.table.columns[0])
        shown = self.table[(self.table["n_contacts"] >= FEWEST_SHOWN) & (self.table[first] != UNKNOWN)].head(12)
        return BarChart(
            title=self.statement.rstrip("."),
            axis="Share of contacts (%)",
            bars=tuple(
                Bar(label=str(r.label), value=100 * r.share, low=100 * r.share_low, high=100 * r.share_high)
                for r in rows_of(shown.rename(columns={first: "label"}))
            ),
            note=f"Contacts of {counted(self.n, 'case')}. Whiskers: intervals from resampled cases",
        )


def why_they_call(life: OpenLife, *, level: float = LEVEL, draws: int = DRAWS, seed: int = 1) -> WhyTheyCall:
    """Tell what contacts are about: by reason, or by state and wait (see the module's text).

    life : stretches of the cases' lives (`open_life`). level, draws, seed : of the intervals, which resample cases.

    Returns WhyTheyCall.
    """
    links = life.links
    coded = links.codes("reason")
    n = n_different(links.case)
    if coded is not None and (coded[0] >= 0).any():
        return _by_reason(life, coded[0], coded[1], n, level=level, draws=draws, seed=seed)
    return _by_state(life, n, level=level, draws=draws, seed=seed)


def _by_reason(
    life: OpenLife, code: Int64, names: tuple[str, ...], n: int, *, level: float, draws: int, seed: int
) -> WhyTheyCall:
    links, known = life.links, code >= 0
    weight = links.weight
    table = _table(links.case, np.where(known, code, len(names)), weight, known, (*names, UNKNOWN), level, draws, seed)
    table = table.rename(columns={"label": "reason"})
    status = np.isin(code, [names.index(r) for r in links.contacts.status_reasons])
    asks = table["reason"].isin(links.contacts.status_reasons)
    table.insert(1, "status", np.where(table["reason"] == UNKNOWN, "not recorded", np.where(asks, "yes", "no")))
    table["n_status"] = np.where(asks, table["n_contacts"], 0.0)
    without = float(weight[~known].sum() / weight.sum())
    caveats = list(life.caveats)
    share = None
    if links.contacts.status_reasons:
        share = _share(links.case[known], weight[known], status[known], "reasons of the contacts that have one",
                       level=level, draws=draws, seed=seed)  # fmt: skip
        if without >= MANY_WITHOUT:
            low, high = share.value * (1 - without), share.value * (1 - without) + without
            caveats.append(
                f"{without:.0%} of the contacts have no reason and are left out of the share; whatever they are about, status "
                f"contacts make between {low:.0%} and {high:.0%} of all."
            )
    else:
        caveats.append(
            "No reason is named as asking how far the case is (`status_reasons`), so no status share is given."
        )
    return WhyTheyCall(
        table=table, n=n, excluded=life.excluded, caveats=tuple(caveats), status_share=share, is_lower_bound=False,
        unrecorded_share=without, life=life, _status=status,
    )  # fmt: skip


def _by_state(life: OpenLife, n: int, *, level: float, draws: int, seed: int) -> WhyTheyCall:
    links = life.links
    state, band, overdue = (life.factor(name) for name in ("state", "waiting", "overdue"))
    stretch = life.stretch_of_link
    ours = np.array([s not in life.not_ours for s in state.levels])
    counts = ours[state.codes] & ((band.codes > 0) | (overdue.codes == 1))
    status = counts[stretch]
    code = state.codes[stretch]
    table = _table(links.case, code, links.weight, np.ones(len(code), dtype=np.bool_), state.levels, level, draws, seed)
    table = table.rename(columns={"label": "state"})
    counted_in = np.bincount(code, weights=links.weight * status, minlength=len(state.levels))
    table["n_status"] = [counted_in[state.levels.index(s)] for s in table["state"]]
    is_ours = [bool(ours[state.levels.index(s)]) for s in table["state"]]
    table.insert(1, "status", np.where(is_ours, "at least in part", "not counted"))
    caveats = list(life.caveats)
    share = None
    if life.bands or life.standard is not None:
        share = _share(links.case, links.weight, status, "contacts late in a wait for the agency; a lower bound",
                       level=level, draws=draws, seed=seed)  # fmt: skip
        late = [f"has waited {significant(life.bands[0], digits=3)} days or longer" if life.bands else "",
                "is past the service standard" if life.standard is not None else ""]  # fmt: skip
        caveats.append(
            "Reasons aren't recorded. Counted as asking how far the case is are contacts about a case that waits for the agency "
            f"and {' or '.join(w for w in late if w)}. That is a lower bound as long as these ask for nothing else."
        )
        if not links.log.external:
            caveats.append(
                "No step is declared external. If cases also wait for their customers, contacts in those waits are counted too, "
                "and the figure is no lower bound."
            )
    else:
        caveats.append(
            "Reasons aren't recorded, and there are neither enough contacts for waiting bands nor a service standard: why "
            "customers get in touch can't be told."
        )
    return WhyTheyCall(
        table=table, n=n, excluded=life.excluded, caveats=tuple(caveats), status_share=share, is_lower_bound=True,
        unrecorded_share=float("nan"), life=life, _status=status,
    )  # fmt: skip


def _table(
    case: Int64,
    code: Int64,
    weight: Float,
    known: Bool,
    names: tuple[str, ...],
    level: float,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """One row a label that occurs, most contacts first; shares are of the known contacts, or of all for the unknown ones."""
    count = np.bincount(code, weights=weight, minlength=len(names))
    below = np.where(np.arange(len(names)) < len(names) - (not known.all()), weight[known].sum(), weight.sum())
    low, high = np.full(len(names), np.nan), np.full(len(names), np.nan)
    # free texts may be as many as the contacts
    for c in [c for c in np.argsort(-count, kind="stable")[:WITH_INTERVAL] if (code[known] == c).any()]:
        low[c], high[c] = share_bounds(
            case[known], weight[known], code[known] == c, level=level, draws=draws, seed=seed
        )
    table = pd.DataFrame(
        {
            "label": names,
            "n_contacts": count,
            "share": count / np.maximum(below, np.finfo(float).tiny),
            "share_low": low,
            "share_high": high,
            "n_cases": grouped_cases(code, case, len(names)),
        }
    )
    table = table[table["n_contacts"] > 0]
    return table.sort_values(["n_contacts", "label"], ascending=[False, True], ignore_index=True)


def _share(case: Int64, weight: Float, status: Bool, what: str, *, level: float, draws: int, seed: int) -> Estimate:
    if not weight.sum() > 0:
        raise InsufficientDataError("The contacts that are left count for nothing; there is no share to take.")
    low, high = share_bounds(case, weight, status, level=level, draws=draws, seed=seed)
    return bounded(
        float(weight[status].sum() / weight.sum()), low, high, level=level,
        method=f"{what}; interval by resampling cases", unit="share of contacts", n=round(float(weight.sum())),
    )  # fmt: skip
