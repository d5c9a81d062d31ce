"""How a result shows itself in a notebook: a small table with what it rests on, as plain and accessible HTML.

Nothing in it has an id, so that a page may show the same result twice; everything from the records is escaped; no
colour is set, so that it follows the page's own, light or dark.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from streamline.units import counted

if TYPE_CHECKING:
    import pandas as pd

#: Rows that are shown; the rest stays in `.table`.
ROWS = 12
#: Longer texts are cut: a sentence fits, a document doesn't.
_LONGEST = 200
_SCROLLS = 'style="overflow-x:auto" tabindex="0" role="group"'
_NUMBER, _WORDS = ' style="text-align:right;padding:2px 8px"', ' style="text-align:left;padding:2px 8px"'


def titled(name: str) -> str:
    """The name of a class in words.

    >>> titled("WaitingByCause")
    'Waiting by cause'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


def left_out(excluded: Mapping[str, int]) -> str:
    """What was left out, by reason; empty where nothing was.

    >>> left_out({"open": 1200, "without any step": 0})
    'left out: open 1,200'
    """
    said = ", ".join(f"{reason} {n:,}" for reason, n in excluded.items() if n)
    return f"left out: {said}" if said else ""


def shown_number(value: float) -> str:
    """A number to four digits, thousands apart; whole numbers whole; a dash where there is none.

    >>> shown_number(12345.678), shown_number(0.04321), shown_number(3.0), shown_number(float("nan"))
    ('12,346', '0.04321', '3', '–')
    """
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == int(value):
        return f"{int(value):,}"
    places = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}".rstrip("0").rstrip(".") if places else f"{value:,.0f}"


def cell(value: Any) -> str:
    """A value of a table as text, shortened where it is long; not escaped yet."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return shown_number(value)
    if isinstance(value, tuple | list):
        value = " → ".join(str(v) for v in value)
    text = "–" if str(value) in ("NaT", "<NA>") else _instant(value) if isinstance(value, datetime) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def _instant(value: datetime) -> str:
    """An instant to the minute, in its own zone; a day where it is midnight.

    >>> _instant(datetime(2025, 3, 1)), _instant(datetime(2025, 3, 1, 9, 5))
    ('2025-03-01', '2025-03-01 09:05')
    """
    midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
    return f"{value:%Y-%m-%d}" if midnight else f"{value:%Y-%m-%d %H:%M}"


def table_html(frame: pd.DataFrame, *, caption: str, rows: int = ROWS) -> str:
    """The first rows of a frame as a table with its caption, the first column as the headers of its rows.

    caption : plain text. The table scrolls by itself where it is wider than the page, by keyboard too.
    """
    names = [str(c) for c in frame.columns]
    columns = [[_plain(v) for v in frame.iloc[:rows, i].tolist()] for i in range(len(names))]
    right = [any(map(_is_number, values)) and all(_is_number(v) or v is None for v in values) for values in columns]
    heads = "".join(
        f'<th scope="col"{_NUMBER if r else _WORDS}>{html.escape(n)}</th>' for n, r in zip(names, right, strict=True)
    )
    body = "".join(f"<tr>{''.join(_cells(row, right))}</tr>" for row in zip(*columns, strict=True))
    named = html.escape(caption, quote=True)
    parts = [
        f'<div {_SCROLLS} aria-label="{named}"><table><caption style="text-align:left;white-space:nowrap">{named}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    ]
    more = len(frame) - rows
    if more > 0:
        parts.append(f"<p>{counted(more, 'more row')} in <code>.table</code>.</p>")
    return "".join(parts)


def notes_html(notes: Iterable[str]) -> str:
    """Caveats as a list; empty where there is none."""
    items = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    return f"<ul>{items}</ul>" if items else ""


def _plain(value: Any) -> Any:
    """A Python value in place of numpy's, None in place of what is missing."""
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    return None if str(value) in ("NaT", "<NA>") else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cells(row: Sequence[Any], right: Sequence[bool]) -> Iterable[str]:
    for place, (value, number) in enumerate(zip(row, right, strict=True)):
        text, style = html.escape(cell(value)), _NUMBER if number else _WORDS
        yield f'<th scope="row"{style}>{text}</th>' if place == 0 else f"<td{style}>{text}</td>"
