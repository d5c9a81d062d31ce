"""Names of time zones: the nearest known one to what was written.

In the United States zones are written as abbreviations (`EST`, `CDT`, `EST5EDT`) or in words (`Eastern Time`). `EST` in the
time-zone database is five hours behind UTC all the year round, without summer time, which hardly anybody means by it; so the
nearest name by its letters would be a wrong answer, and the zone of a city is named instead.
"""

from __future__ import annotations

import difflib
import re
from zoneinfo import available_timezones

from streamline.errors import suggestion

#: The zone of a city that keeps each zone's summer time, by the first word or letters of what is written for it.
_UNITED_STATES = {
    ("e", "eastern"): "America/New_York",
    ("c", "central"): "America/Chicago",
    ("m", "mountain"): "America/Denver",
    ("p", "pacific"): "America/Los_Angeles",
    ("ak", "alaska"): "America/Anchorage",
    ("h", "hawaii"): "Pacific/Honolulu",
}


def near_zone(name: object) -> str:
    """`" Did you mean 'America/New_York'?"` for what was written instead of a zone's name, or nothing.

    >>> near_zone("EST5"), near_zone("Pacific time")
    (" Did you mean 'America/New_York'?", " Did you mean 'America/Los_Angeles'?")
    >>> near_zone("Amsterdam")
    " Did you mean 'Europe/Amsterdam'?"
    """
    written = str(name).strip()
    american = _american(written)
    if american is not None:
        return f" Did you mean {american!r}?"
    zones = sorted(available_timezones())
    cities = {zone.rpartition("/")[2].replace("_", " "): zone for zone in zones}
    near = difflib.get_close_matches(written.replace("_", " "), cities, n=1, cutoff=0.7)
    return suggestion(written.replace(" ", "_"), zones) or (f" Did you mean {cities[near[0]]!r}?" if near else "")


def _american(written: str) -> str | None:
    text = re.sub(r"^us[/ _]", "", written.casefold().replace("_", " "))
    for (letters, word), zone in _UNITED_STATES.items():
        abbreviation = rf"{letters}[sd]?t\d{{0,2}}({letters}dt)?"
        if re.fullmatch(rf"{abbreviation}|{word}( (standard|daylight))?( time)?", text):
            return zone
    return None
