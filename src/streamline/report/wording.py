"""Numbers and their words: rounded to what the interval supports, units in words, never a bare percentage."""

from __future__ import annotations

import math

from streamline.log.event_log import EventLog
from streamline.report.section import Cell
from streamline.results import Estimate
from streamline.units import DAY, significant

NOT_KNOWN = "not known"


def decimals(low: float | None, high: float | None, value: float) -> int:
    """Decimal places that the interval supports: its half width is at least two units of the last place.

    >>> decimals(8.18, 8.46, 8.32), decimals(0.1153, 0.1321, 0.1236), decimals(None, None, 8.32)
    (2, 3, 1)
    """
    known = low is not None and high is not None and math.isfinite(low) and math.isfinite(high)
    if not known or low is None or high is None or high - low <= 1e-9 * max(abs(low), abs(high)):
        return min(4, max(0, 1 - math.floor(math.log10(abs(value))))) if value and math.isfinite(value) else 0
    return min(4, max(0, math.ceil(-math.log10((high - low) / 4))))


def number(value: float | None, places: int) -> str:
    """A number with this many decimal places, thousands separated, a true minus sign, none before zero; nothing is just 0.

    >>> number(1234.56, 1), number(-0.004, 2), number(-2.5, 1), number(0.0, 4), number(None, 1)
    ('1,234.6', '0.00', '−2.5', '0', 'not known')
    """
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    if value == 0:
        return Cell("0", value)
    text = f"{value:,.{places}f}"
    return Cell(text.removeprefix("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−"), value)


def rounded(estimate: Estimate) -> str:
    """The value of an estimate, rounded to what its interval supports."""
    return number(estimate.value, decimals(estimate.low, estimate.high, estimate.value))


def interval(low: float | None, high: float | None, *, value: float, percent: bool = False) -> str:
    """`8.2 to 8.5`, with as many places as the interval supports; "none" where there is no interval."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return "none"
    if percent:
        if value < 0.001 and high < 0.001:
            return "under 0.1%"
        places = min(1, decimals(100 * low, 100 * high, 100 * value))
        return f"{number(100 * low, places)}% to {number(100 * high, places)}%"
    places = decimals(low, high, value)
    return f"{number(low, places)} to {number(high, places)}"


def percent(value: float, low: float | None = None, high: float | None = None) -> str:
    """A share as a percentage, rounded to what the interval supports; the caller names its base.

    >>> percent(0.3629, 0.3515, 0.3739), percent(0.5), percent(0.0004)
    ('36.3%', '50%', 'under 0.1%')
    """
    if not math.isfinite(value):
        return NOT_KNOWN
    if 0 < value < 0.001:
        return Cell("under 0.1%", value)
    if low is None or high is None:
        fine = (0 < value < 0.1 or 0.9 < value < 1) and abs(100 * value - round(100 * value)) > 1e-9
        places = 1 if fine else 0
    else:
        places = min(1, decimals(100 * low, 100 * high, 100 * value))
    return Cell(f"{number(100 * value, places)}%", value)


def money(value: float, currency: str, *, step: float) -> str:
    """An amount, rounded to whole steps such as 1,000.

    >>> money(1234567.0, "USD", step=1000), money(-8400.0, "USD", step=100)
    ('USD 1,235,000', '−USD 8,400')
    """
    if not math.isfinite(value):
        return NOT_KNOWN
    amount = round(abs(value) / step) * step
    sign = "−" if value < 0 and amount else ""
    return Cell(f"{sign}{currency} {amount:,.0f}", value)


def days(value: float) -> str:
    """A number of days in two or three significant digits; hours below a fifth of a day.

    >>> days(8.319), days(0.05), days(0.0)
    ('8.3 days', '1.2 hours', '0 days')
    """
    if not math.isfinite(value):
        return NOT_KNOWN
    if 0 < abs(value) < 0.2:
        return f"{significant(value * 24)} hours"
    text = significant(value)
    return f"{text} day" if text == "1" else f"{text} days"


def day_words(log: EventLog, instant: int) -> str:
    """A day such as `7 March 2025`, in the log's zone."""
    import numpy as np

    at = log.instants(np.array([instant], dtype=np.int64))[0]
    return f"{at.day} {at.strftime('%B %Y')}"


def arrivals_words(log: EventLog) -> str:
    """The days between which the log's cases arrived."""
    known = log.arrival[log.arrival > -(2**63)]
    return f"{day_words(log, int(known.min()))} to {day_words(log, int(known.max()))}"


def iso_days(log: EventLog) -> tuple[str, str]:
    """First and last day of the arrivals, ISO 8601, in the log's zone."""
    known = log.arrival[log.arrival > -(2**63)]
    first, last = log.instants(known[[known.argmin(), known.argmax()]])
    return str(first.date()), str(last.date())


def span_days(log: EventLog) -> float:
    """Days from the first to the last arrival."""
    known = log.arrival[log.arrival > -(2**63)]
    return float(known.max() - known.min()) / DAY


def pool_words(pool: str) -> str:
    """A pool in the middle of a sentence: one that was found is named after its work.

    >>> pool_words("pool of Intake check"), pool_words("Examiners")
    ('the pool of Intake check', 'Examiners')
    """
    return f"the {pool}" if pool.startswith("pool of ") else pool


def people_words(text: str) -> str:
    """A text of the measures for readers to whom people aren't resources.

    >>> people_words("3 resources do it; each resource works")
    '3 people do it; each person works'
    """
    return text.replace("resources", "people").replace("resource", "person")


def factor_words(name: str) -> str:
    """What cases are set apart by: XES writes `case:` before the name of an attribute.

    >>> factor_words("case:department"), factor_words("channel")
    ('department', 'channel')
    """
    return name.removeprefix("case:")


def about(value: float) -> str:
    """A large number in two significant digits; small ones as they are.

    >>> about(3441.7), about(87.2), about(1234567.0)
    ('3,400', '87', '1,200,000')
    """
    step = 10 ** max(0, math.floor(math.log10(abs(value))) - 1) if value else 1
    return number(round(value / step) * step, 0)


def sentence(text: str) -> str:
    """The text with a capital at its beginning.

    >>> sentence("the pool of Intake check"), sentence("")
    ('The pool of Intake check', '')
    """
    return text[:1].upper() + text[1:]
