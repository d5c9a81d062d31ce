"""What is wrong with a part of a study, or with a change made in Python, in the same words.

pydantic finds the problems; its own words name its kinds of error and its web pages, which help nobody here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamline.errors import suggestion
from streamline.units import counted

#: What a value must be, by pydantic's kind of error.
_FORMS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list, such as [one, two]",
    "dict_type": "keys with values, such as {mon-fri: 08:00-17:00}",
    "model_type": "keys with values, such as {path: events.csv}",
    "model_attributes_type": "keys with values, such as {kind: notify, by: 0.3}",
    "date_from_datetime_parsing": "a day of the calendar such as 2025-03-01",
    "string_pattern_mismatch": "a month such as 2027-01",
}
#: The same for bounds: the words, and the name under which pydantic tells the bound.
_BOUNDS = {
    "less_than_equal": ("at most", "le"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "greater_than": ("above", "gt"),
}


def worded(error: Mapping[str, Any], *, known: Sequence[str], needed: Sequence[str] = (), what: str = "key") -> str:
    """One of pydantic's errors in words, without its place.

    known : the names that might have been meant where there is none of this name. needed : those of them that must
    be given and aren't: a single one was meant, even if it is spelt otherwise. what : what a name is a name of.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        name = str(error["loc"][-1])
        near = suggestion(name, known, cutoff=0.75)
        if not near and len(needed) == 1:
            near = f" Did you mean {needed[0]!r}, which is needed?"
        return f"there is no such {what}.{near or suggestion(name, known)}"
    if kind == "missing":
        return "is needed and isn't there"
    if kind == "union_tag_invalid":
        tag, kinds = str(context.get("tag")), str(context.get("expected_tags", "")).replace("'", "").split(", ")
        return f"there is no kind {tag!r}.{suggestion(tag, kinds)} Kinds: {', '.join(kinds)}"
    if kind == "union_tag_not_found":
        return "needs a kind, such as reduce_rework"
    if kind == "string_type":
        return f"must be text; {short(error['input'])} isn't (put it in quotation marks)"
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "literal_error":
        return f"must be {context.get('expected')}; {short(error['input'])} isn't"
    if kind == "too_short":
        return f"needs at least {counted(context['min_length'], 'item')}; it has {context['actual_length']:,}"
    if kind in _FORMS:
        return f"must be {_FORMS[kind]}; {short(error['input'])} isn't"
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        told = f"must be {words} {context[bound]:g}"
    else:
        told = str(error["msg"]).removeprefix("Value error, ")
    said = error["input"]
    repeated = not isinstance(said, (str, int, float)) or repr(said) in told
    return told if repeated else f"{told} (it says {short(said)})"


def short(value: object) -> str:
    """A value as it stands in a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
