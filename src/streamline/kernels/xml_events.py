"""Compiled walk through the elements of a log in XML, block by block: where the values of the wanted keys stand.

A document is log > trace > event, each with attributes that have a key and a value; see `scan_events`. What isn't
plain XML (see `kernels.xml`) stops the walk with a reason below zero.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.xml import (
    ABSENT,
    EMPTY,
    IS_ESCAPED,
    KEY,
    KEY_END,
    MORE,
    NAME_END,
    ODD_MARKUP,
    TAG_LENGTH,
    VALUE_END,
    VALUE_FROM,
    is_same,
    is_word,
    past_comment,
    past_space,
    past_start_tag,
    unescape,
)

Bytes = npt.NDArray[np.uint8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Reasons to stop, besides those of `kernels.xml`.
TEXT: Final = -20  # text between elements
MISMATCH: Final = -21  # an end tag that isn't the open element's
TOO_DEEP: Final = -22  # more levels than there is room for, or a long name
NOT_A_LOG: Final = -23  # another root, an object-centric log, or a second root
NEW_KEY: Final = -24  # a key that isn't in the table yet

MAX_DEPTH: Final = 64
MAX_NAME: Final = 32
#: No attribute with a key and a value is shorter, and no trace or event: bytes.
SHORTEST_ATTRIBUTE: Final = 20
SHORTEST_TRACE: Final = 8

# Scopes of a key.
OF_EVENTS: Final = 0
OF_TRACES: Final = 1

# Places in the state that goes from block to block.
DEPTH: Final = 0  # elements that are open
IS_OVER: Final = 1  # whether the root was closed
INSIDE: Final = 2  # whether the open element of depth 1 is a trace
IN_EVENT: Final = 3  # whether the element of depth 2 that was opened last is an event of a trace
N_EVENTS: Final = 4
N_TRACES: Final = 5  # with one for each event outside any trace
N_NESTED: Final = 6  # attributes inside attributes, lists and containers, within traces
N_ODD: Final = 7  # attributes without a key or a value
N_REPEATED: Final = 8  # second values for a kept key
N_FOUND: Final = 9  # values in `Found`
N_BEGUN: Final = 10  # traces in `Begun`
STATE_LENGTH: Final = 11

_LOG = np.frombuffer(b"log", dtype=np.uint8)
_TRACE = np.frombuffer(b"trace", dtype=np.uint8)
_EVENT = np.frombuffer(b"event", dtype=np.uint8)
_LIST = np.frombuffer(b"list", dtype=np.uint8)
_CONTAINER = np.frombuffer(b"container", dtype=np.uint8)
_OBJECTS = np.frombuffer(b"objects", dtype=np.uint8)
_OBJECT_TYPES = np.frombuffer(b"object-types", dtype=np.uint8)


class Keys(NamedTuple):
    """Keys as they are written, by scope: a table with open addressing."""

    #: The bytes of all keys, and where each begins and ends.
    letters: Bytes
    begin: Int64s
    end: Int64s
    #: (2, a power of two): number of the key, -1 where free.
    slots: Int32s
    #: Column of each key, -1 for one that isn't kept; several spellings of a key have one column.
    column: Int32s
    #: Owner of the last value of each column.
    last: Int64s


class Found(NamedTuple):
    """Values in the order of the document: column, ordinal of its event or trace, place in the block."""

    column: Int32s
    owner: Int64s
    begin: Int64s
    end: Int64s


class Begun(NamedTuple):
    """Traces that begin in the block: number of events before each, and whether it is an event outside any trace."""

    events_before: Int64s
    is_outside: Bools


class Open(NamedTuple):
    """Names of the open elements, and room for the tag at hand."""

    names: Bytes
    length: Int64s
    tag: Int64s


def nothing_open() -> Open:
    """What goes to `scan_events` with the first block, and back to it with each later one."""
    return Open(
        names=np.zeros((MAX_DEPTH, MAX_NAME), dtype=np.uint8),
        length=np.zeros(MAX_DEPTH, dtype=np.int64),
        tag=np.zeros(TAG_LENGTH, dtype=np.int64),
    )


def room_for(n_bytes: int) -> tuple[Found, Begun]:
    """Room for what a block of so many bytes can hold."""
    n = n_bytes // SHORTEST_ATTRIBUTE + 1
    found = Found(np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64))
    n = n_bytes // SHORTEST_TRACE + 1
    return found, Begun(np.empty(n, np.int64), np.empty(n, np.bool_))


@compiled
def key_slot(
    data: Bytes, begin: int, end: int, scope: int, slots: Int32s, letters: Bytes, key_begin: Int64s, key_end: Int64s
) -> int:
    """The slot of a key in the table of a scope: the one that holds it, or the free one where it belongs."""
    mask = slots.shape[1] - 1
    code = end - begin
    for i in range(begin, end):
        code = (code * 31 + data[i]) & 0xFFFFFFFFFFFF
    at = (code ^ (code >> 15)) & mask
    while slots[scope, at] >= 0:
        key = slots[scope, at]
        n = key_end[key] - key_begin[key]
        if n == end - begin and is_same(data, begin, n, letters, key_begin[key]):
            break
        at = (at + 1) & mask
    return int(at)


@compiled
def _ends_with(data: Bytes, begin: int, end: int, word: Bytes) -> bool:
    return end - begin >= len(word) and is_word(data, end - len(word), end, word)


@compiled
def _past_end_tag(data: Bytes, i: int, end: int, characters: Bytes, names: Bytes, length: Int64s, depth: int) -> int:
    """Read the end tag at `i`, which must be that of the innermost open element."""
    if depth == 0:
        return MISMATCH
    n = length[depth - 1]
    if i + 2 + n >= end:
        return MORE
    for k in range(n):
        if data[i + 2 + k] != names[depth - 1, k]:
            return MISMATCH
    i = past_space(data, i + 2 + n, end, characters)
    if i >= end:
        return MORE
    return i + 1 if data[i] == 62 else MISMATCH


@compiled
def scan_events(
    data: Bytes,
    i: int,
    end: int,
    characters: Bytes,
    opened: Open,
    keys: Keys,
    found: Found,
    begun: Begun,
    state: Int64s,
) -> Any:
    """Walk through the elements between the positions `i` and `end` of a block.

    The attributes of an event are those directly in it, in a trace, in the log; those of a trace the same. Of
    several values for one key the first is found. Values are made their text in place, so `data` is written.

    characters : bits of each byte, `kernels.xml.CHARACTERS` or `ASCII_CHARACTERS`.
    opened : of `nothing_open`, handed on from block to block. state : STATE_LENGTH numbers, handed on likewise, with
        N_FOUND and N_BEGUN set to 0 when `found` and `begun`, of `room_for`, are used anew.

    Returns (position, reason): everything before the position was taken. With MORE, the token that begins there goes
    on beyond the block; with NEW_KEY, the key between `opened.tag[KEY]` and `[KEY_END]` has to be put into the table
    first, of traces if state[DEPTH] is 2, else of events. Any other reason means that the document isn't plain.
    """
    return _scan(
        data, i, end, characters, opened.names, opened.length, opened.tag,
        keys.letters, keys.begin, keys.end, keys.slots, keys.column, keys.last,
        found.column, found.owner, found.begin, found.end, begun.events_before, begun.is_outside, state,
    )  # fmt: skip


@compiled
def _scan(
    data: Bytes, i: int, end: int, characters: Bytes, names: Bytes, length: Int64s, tag: Int64s,
    letters: Bytes, key_begin: Int64s, key_end: Int64s, slots: Int32s, key_column: Int32s, last: Int64s,
    found_column: Int32s, found_owner: Int64s, found_begin: Int64s, found_end: Int64s,
    events_before: Int64s, is_outside: Bools, state: Int64s,
) -> tuple[int, int]:  # fmt: skip
    """`scan_events` with its arrays one by one: passed as tuples to an inner function they would be slow."""
    depth, is_over, inside, in_event = state[DEPTH], state[IS_OVER], state[INSIDE], state[IN_EVENT]
    n_events, n_traces, n_found, n_begun = state[N_EVENTS], state[N_TRACES], state[N_FOUND], state[N_BEGUN]
    reason = 0
    while reason == 0:
        i = past_space(data, i, end, characters)
        if i + 1 >= end:
            reason = MORE if i >= end or data[i] == 60 else TEXT
            break
        b = data[i + 1]
        if data[i] != 60:  # <
            reason = TEXT
            break
        if b == 47:  # /
            after = _past_end_tag(data, i, end, characters, names, length, depth)
            if after < 0:
                reason = after
                break
            depth -= 1
            is_over = int(depth == 0)
            i = after
            continue
        if b in (33, 63):  # ! and ?
            after = past_comment(data, i, end, characters) if b == 33 else ODD_MARKUP
            if after < 0:
                reason = after
                break
            i = after
            continue
        after = past_start_tag(data, i, end, characters, tag)
        if after < 0:
            reason = after
            break
        name, name_end = i + 1, tag[NAME_END]
        is_empty = tag[EMPTY] == 1
        if not is_empty and (depth == MAX_DEPTH or name_end - name > MAX_NAME):
            reason = TOO_DEEP
            break
        scope = -1
        owner = 0
        if depth == 3 and in_event:
            scope, owner = OF_EVENTS, n_events - 1
        elif depth == 2 and inside:
            if is_word(data, name, name_end, _EVENT):
                in_event = 1
                n_events += 1
            else:
                in_event = 0
                scope, owner = OF_TRACES, n_traces - 1
        elif depth > 1:
            state[N_NESTED] += inside
        elif depth == 1:
            if is_word(data, name, name_end, _OBJECTS) or is_word(data, name, name_end, _OBJECT_TYPES):
                reason = NOT_A_LOG
                break
            inside = int(is_word(data, name, name_end, _TRACE))
            in_event = 0
            is_event = is_word(data, name, name_end, _EVENT)
            if is_event or inside:
                events_before[n_begun] = n_events
                is_outside[n_begun] = is_event
                n_begun += 1
                n_traces += 1
                n_events += int(is_event)
        elif is_over or not is_word(data, name, name_end, _LOG):
            reason = NOT_A_LOG
            break
        if scope >= 0 and (tag[KEY] == ABSENT or tag[VALUE_FROM] == ABSENT):
            is_list = _ends_with(data, name, name_end, _LIST) or _ends_with(data, name, name_end, _CONTAINER)
            state[N_NESTED if is_list else N_ODD] += 1
        elif scope >= 0:
            key = slots[scope, key_slot(data, tag[KEY], tag[KEY_END], scope, slots, letters, key_begin, key_end)]
            if key < 0:
                reason = NEW_KEY
                break
            column = key_column[key]
            if column >= 0 and last[column] == owner:
                state[N_REPEATED] += 1
            elif column >= 0:
                last[column] = owner
                found_column[n_found] = column
                found_owner[n_found] = owner
                found_begin[n_found] = tag[VALUE_FROM]
                value_end = tag[VALUE_END]
                found_end[n_found] = unescape(data, tag[VALUE_FROM], value_end) if tag[IS_ESCAPED] else value_end
                n_found += 1
        if not is_empty:
            length[depth] = name_end - name
            for k in range(name_end - name):
                names[depth, k] = data[name + k]
            depth += 1
        elif depth == 0:
            is_over = 1
        i = after
    state[DEPTH], state[IS_OVER], state[INSIDE], state[IN_EVENT] = depth, is_over, inside, in_event
    state[N_EVENTS], state[N_TRACES], state[N_FOUND], state[N_BEGUN] = n_events, n_traces, n_found, n_begun
    return i, reason


@compiled
def values_by_column(data: Bytes, found: Found, n: int, n_columns: int) -> Any:
    """The first `n` values found, side by side in each column: (first, owner, length, first_byte, letters).

    Column `c` has the values first[c] to first[c + 1], with `owner` and `length` (bytes) each, in the order of the
    document; their bytes are letters[first_byte[c] : first_byte[c + 1]].
    """
    first = np.zeros(n_columns + 1, np.int64)
    first_byte = np.zeros(n_columns + 1, np.int64)
    for k in range(n):
        first[found.column[k] + 1] += 1
        first_byte[found.column[k] + 1] += found.end[k] - found.begin[k]
    first = np.cumsum(first)
    first_byte = np.cumsum(first_byte)
    owner = np.empty(n, np.int64)
    length = np.empty(n, np.int64)
    letters = np.empty(first_byte[n_columns], np.uint8)
    _place(data, found, n, first.copy(), first_byte.copy(), owner, length, letters)
    return first, owner, length, first_byte, letters


@compiled
def _place(
    data: Bytes, found: Found, n: int, at: Int64s, at_byte: Int64s, owner: Int64s, length: Int64s, letters: Bytes
) -> None:
    for k in range(n):
        column = found.column[k]
        begin = found.begin[k]
        size = found.end[k] - begin
        owner[at[column]] = found.owner[k]
        length[at[column]] = size
        to = at_byte[column]
        for j in range(size):
            letters[to + j] = data[begin + j]
        at[column] += 1
        at_byte[column] = to + size
