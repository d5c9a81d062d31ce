"""The measures of one replay, as one vector."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.errors import UnknownNameError
from streamline.kernels.queues import NEVER, Replayed
from streamline.kernels.replay import last_completions
from streamline.stats.survival import share_done
from streamline.units import DAY, HOUR, MISSING_TIME, YEAR_DAYS
from streamline.whatif.contact_response import Expected
from streamline.whatif.prices import CustomerTime, Prices, contact_price
from streamline.whatif.queue_model import QueueModel, Workload

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Days of arrivals that show all seasons.
FULL_YEAR = 350


#: Stands for a contact among what customers spend time on; the rest are names of activities, which are never empty.
CONTACT = ""
#: Begins the names of the responses behind the hours of customers.
RESPONSES = "responses:"


class Measures:
    """The measures that the model, the standard, the prices and the time that customers spend can carry.

    `names` are those that are told; `behind` are quantities that they are made of, which follow them in a vector:
    `contact_cost` (a year) and `responses:<what>` (a case).
    """

    def __init__(
        self,
        model: QueueModel,
        *,
        standard: int | None,
        prices: Prices | None,
        customer_time: CustomerTime | None = None,
    ) -> None:
        self._model, self._standard, self._prices = model, standard, prices
        log = model.log
        self._span = model.counted_between
        caveats: list[str] = []
        names = [("cycle_time.mean", "days"), ("cycle_time.median", "days"), ("cycle_time.p90", "days")]
        if standard is not None:
            names.append(("within_standard", "share"))
        if model.contacts is not None:
            names.append(("contacts_per_case", "contacts per case"))
        self._staff = model.staffing is not None and (model.calendar is not None or log.resource is not None)
        if not log.has_start:
            caveats.append("Staff hours and their cost are not given: the records hold no starts of steps.")
        if self._staff:
            names.append(("staff_hours_per_case", "hours"))
            unknown = int((~model.paths.known & ~log.external_step).sum())
            if unknown:
                caveats.append(f"Staff hours leave out {unknown:,} steps whose start isn't recorded.")
        if prices is not None and prices.staff_hour is None and self._staff:
            caveats.append("The study gives no price of a staff hour; staff time is left out of the cost.")
        self._contact_price, said = contact_price(prices, model.contacts)
        caveats += said
        self._cost = prices is not None and (self._contact_price > 0 or (self._staff and prices.staff_hour is not None))
        self.hours_of: dict[str, float] = _hours_of(model, customer_time)
        if self.hours_of:
            names.append(("customer_hours_per_case", "hours"))
        if customer_time is not None and customer_time.contact is not None and model.contacts is None:
            caveats.append("No contacts are estimated, so the time that they take customers is left out.")
        if self._cost and prices is not None:
            names.append(("cost_per_year", f"{prices.currency} per year"))
        arrivals = log.arrival[model.counted & (log.arrival != MISSING_TIME)]
        span = max((arrivals.max() - arrivals.min()) / DAY, 1.0)
        self.cases_per_year = len(arrivals) / span * YEAR_DAYS
        self._n_own = len(arrivals)
        if self._cost:
            caveats.append(
                f"Yearly costs are those of {self.cases_per_year:,.0f} cases a year: {len(arrivals):,} cases arrived in "
                f"{span:,.0f} days." + (" Seasons may make a whole year differ." if span < FULL_YEAR else "")
            )
        self.names, self.caveats = tuple(names), tuple(caveats)
        behind = ["contact_cost"] if self._cost else []
        self.behind = (*behind, *(RESPONSES + name for name in self.hours_of))

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names of the measures and of the quantities behind them, as they stand in a vector."""
        return (*(n for n, _ in self.names), *self.behind)

    @property
    def shares(self) -> frozenset[str]:
        """Measures that are shares."""
        return frozenset(name for name, unit in self.names if unit == "share")

    def place(self, name: str) -> int:
        """Where a measure, or a quantity behind one, stands in a vector."""
        return self.all_names.index(name)

    def parts_with_waits(self, name: str) -> list[tuple[int, float]] | None:
        """Places and weights of the parts of a measure that waits enter; None where they enter all of it."""
        if name == "cost_per_year":
            return [(self.place("contact_cost"), 1.0)]
        if name == "customer_hours_per_case":
            return [(self.place(RESPONSES + CONTACT), self.hours_of[CONTACT])] if CONTACT in self.hours_of else []
        if name == "staff_hours_per_case" or (name.startswith(RESPONSES) and name != RESPONSES + CONTACT):
            return []
        return None

    def n_of(self, measure: str) -> int:
        """How many cases a measure rests on."""
        log, counted = self._model.log, self._model.counted
        if measure == "within_standard":
            return int((counted & (log.arrival != MISSING_TIME)).sum())
        if measure == "contacts_per_case" and self._model.contacts is not None:
            return self._model.contacts.n_told
        return int((counted & log.closed).sum())

    def counts(self, work: Workload) -> npt.NDArray[np.bool_]:
        """Which of the replayed cases figures are told of: those that arrive in the window."""
        first, last = self._span
        return np.asarray((work.cases.arrival >= first) & (work.cases.arrival <= last), dtype=np.bool_)

    def cycle_days(self, work: Workload, replayed: Replayed) -> Float:
        """Days from arrival to last completion of each replayed case; NaN for open ones and those that never end."""
        return cycle_days(self._model, work, replayed)

    def vector(
        self, work: Workload, replayed: Replayed, *, running: float = 0.0, contacts: Expected | None = None
    ) -> Float:
        """The measures of one replay. running : yearly cost of the scenario. contacts : of each replayed case."""
        log, pick = self._model.log, work.cases.pick
        days, counts = self.cycle_days(work, replayed), self.counts(work)
        closed = log.closed[pick] & counts
        mine = days[closed]
        mine = mine[~np.isnan(mine)]
        values = [float(mine.mean()), *np.quantile(mine, [0.5, 0.9])] if len(mine) else [np.nan] * 3
        if self._standard is not None:
            open_days = (log.observed_until - log.arrival[pick]) / DAY
            life = np.where(log.closed[pick], days, open_days)
            life = np.where(np.isnan(life), np.inf, life)
            values.append(share_done(life[counts], log.closed[pick][counts], self._standard / DAY))
        per_case = hours = moved = 0.0
        if self._model.contacts is not None:
            assert contacts is not None
            covered = counts & self._model.contacts.told_of(work.cases)
            per_case = float(contacts.contacts[covered].mean()) if covered.any() else float("nan")
            moved = float(contacts.moved_cost[covered].mean()) if covered.any() else 0.0
            values.append(per_case)
        if self._staff:
            case = np.repeat(np.arange(len(pick)), np.diff(work.offsets))
            spent = np.where(replayed.left, 0, work.staff)
            total = np.bincount(case, weights=spent, minlength=len(pick)) / HOUR
            hours = float(total[closed].mean()) if closed.any() else float("nan")
            values.append(hours)
        responses = self._responses(work, replayed, closed, per_case)
        if responses:
            values.append(sum(n * self.hours_of[name] for name, n in responses.items()))
        behind: list[float] = []
        if self._cost and self._prices is not None:
            a_year = self.cases_per_year * float(counts.sum()) / self._n_own
            behind.append((per_case * self._contact_price + moved) * a_year)
            values.append(hours * (self._prices.staff_hour or 0.0) * a_year + behind[0] + running)
        return np.array([*values, *behind, *responses.values()])

    def _responses(
        self, work: Workload, replayed: Replayed, closed: npt.NDArray[np.bool_], contacts: float
    ) -> dict[str, float]:
        """Responses of customers a case: contacts, and executions of the activities that they answer to."""
        if not self.hours_of:
            return {}
        log = self._model.log
        case = np.repeat(closed, np.diff(work.offsets))
        done = np.bincount(work.activity[work.keep & ~replayed.left & case], minlength=len(log.activities)) / max(
            int(closed.sum()), 1
        )
        return {n: contacts if n == CONTACT else float(done[log.activity_code(n)]) for n in self.hours_of}


def _hours_of(model: QueueModel, given: CustomerTime | None) -> dict[str, float]:
    """Hours that a response takes a customer, by what it is; raises UnknownNameError for activities not in the log."""
    if given is None:
        return {}
    hours: dict[str, float] = {}
    if given.contact is not None and model.contacts is not None:
        hours[CONTACT] = given.contact / HOUR
    for name, each in given.steps.items():
        if name not in model.log.activities:
            raise UnknownNameError(
                what="activity",
                name=name,
                known=model.log.activities,
                where=f"customer_time: {model.log.source}",
            )
        hours[name] = each / HOUR
    return hours


def cycle_days(model: QueueModel, work: Workload, replayed: Replayed) -> Float:
    """Days from arrival to last completion of each replayed case; NaN for open ones and for those that never end.

    Where the arrival is only the start of the first step, a case's time runs from that start, as it does in the log.
    """
    last = last_completions(work.offsets, replayed.complete, work.keep, work.arrival)
    begin = work.arrival
    if model.arrival_is_start:
        some = np.diff(work.offsets) > 0
        begin = begin.copy()
        begin[some] = replayed.start[work.offsets[:-1][some]]
    days = (last - begin) / DAY
    days[(last >= NEVER) | (begin >= NEVER) | ~model.log.closed[work.cases.pick]] = np.nan
    return np.asarray(days, dtype=np.float64)
