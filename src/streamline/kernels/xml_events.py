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
def key_slot(data: Bytes, begin: int, end: int, slots: Int32s, keys: Keys) -> int:
    """The slot of a key in the table of a scope: the one that holds it, or the free one where it belongs."""
    code = 0
    for i in range(begin, end):
        code = (code * 31 + data[i]) & 0xFFFFFFFFFFFF
    at = (code ^ (code >> 15)) & (len(slots) - 1)
    while slots[at] >= 0:
        key = slots[at]
        n = keys.end[key] - keys.begin[key]
        if n == end - begin and is_same(data, begin, n, keys.letters, keys.begin[key]):
            break
        at = (at + 1) & (len(slots) - 1)
    return at


@compiled
def _ends_with(data: Bytes, begin: int, end: int, word: Bytes) -> bool:
    return end - begin >= len(word) and is_word(data, end - len(word), end, word)


@compiled
def _past_end_tag(data: Bytes, i: int, end: int, characters: Bytes, opened: Open, depth: int) -> int:
    """Read the end tag at `i`, which must be that of the innermost open element."""
    if depth == 0:
        return MISMATCH
    n = opened.length[depth - 1]
    if i + 2 + n >= end:
        return MORE
    if not is_same(data, i + 2, n, opened.names[depth - 1], 0):
        return MISMATCH
    i = past_space(data, i + 2 + n, end, characters)
    if i >= end:
        return MORE
    return i + 1 if data[i] == 62 else MISMATCH


@compiled
def _keep(data: Bytes, scope: int, owner: int, keys: Keys, found: Found, tag: Int64s, state: Int64s) -> int:
    """Take an attribute of an event or a trace; 0, or NEW_KEY."""
    key = keys.slots[scope, key_slot(data, tag[KEY], tag[KEY_END], keys.slots[scope], keys)]
    if key < 0:
        return NEW_KEY
    column = keys.column[key]
    if column < 0:
        return 0
    if keys.last[column] == owner:
        state[N_REPEATED] += 1
        return 0
    keys.last[column] = owner
    at = state[N_FOUND]
    state[N_FOUND] = at + 1
    found.column[at] = column
    found.owner[at] = owner
    found.begin[at] = tag[VALUE_FROM]
    found.end[at] = unescape(data, tag[VALUE_FROM], tag[VALUE_END]) if tag[IS_ESCAPED] else tag[VALUE_END]
    return 0


@compiled
def _begin_element(data: Bytes, name: int, keys: Keys, found: Found, begun: Begun, tag: Int64s, state: Int64s) -> int:
    """Take the start tag of an element, whose name stands at `name`; 0, or why it can't be taken."""
    depth = state[DEPTH]
    end = tag[NAME_END]
    if depth == 3 and state[IN_EVENT]:
        scope, owner = OF_EVENTS, state[N_EVENTS] - 1
    elif depth == 2 and state[INSIDE]:
        state[IN_EVENT] = is_word(data, name, end, _EVENT)
        if state[IN_EVENT]:
            state[N_EVENTS] += 1
            return 0
        scope, owner = OF_TRACES, state[N_TRACES] - 1
    elif depth > 1:
        state[N_NESTED] += state[INSIDE]
        return 0
    elif depth == 0:
        return 0 if is_word(data, name, end, _LOG) and not state[IS_OVER] else NOT_A_LOG
    else:
        if is_word(data, name, end, _OBJECTS) or is_word(data, name, end, _OBJECT_TYPES):
            return NOT_A_LOG
        is_event = is_word(data, name, end, _EVENT)
        state[INSIDE] = is_word(data, name, end, _TRACE)
        state[IN_EVENT] = 0
        if is_event or state[INSIDE]:
            begun.events_before[state[N_BEGUN]] = state[N_EVENTS]
            begun.is_outside[state[N_BEGUN]] = is_event
            state[N_BEGUN] += 1
            state[N_TRACES] += 1
            state[N_EVENTS] += is_event
        return 0
    if tag[KEY] == ABSENT or tag[VALUE_FROM] == ABSENT:
        is_list = _ends_with(data, name, end, _LIST) or _ends_with(data, name, end, _CONTAINER)
        state[N_NESTED if is_list else N_ODD] += 1
        return 0
    return int(_keep(data, scope, owner, keys, found, tag, state))


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
) -> tuple[int, int]:
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
    while True:
        i = past_space(data, i, end, characters)
        if i >= end:
            return i, MORE
        if data[i] != 60:  # <
            return i, TEXT
        if i + 1 >= end:
            return i, MORE
        b = data[i + 1]
        depth = state[DEPTH]
        if b == 47:  # /
            after = _past_end_tag(data, i, end, characters, opened, depth)
            if after < 0:
                return i, after
            state[DEPTH] = depth - 1
            state[IS_OVER] = depth == 1
        elif b == 33:  # !
            after = past_comment(data, i, end, characters)
            if after < 0:
                return i, after
        elif b == 63:  # ?
            return i, ODD_MARKUP
        else:
            tag = opened.tag
            after = past_start_tag(data, i, end, characters, tag)
            if after < 0:
                return i, after
            n = tag[NAME_END] - i - 1
            if not tag[EMPTY] and (depth == MAX_DEPTH or n > MAX_NAME):
                return i, TOO_DEEP
            reason = _begin_element(data, i + 1, keys, found, begun, tag, state)
            if reason < 0:
                return i, reason
            if not tag[EMPTY]:
                opened.length[depth] = n
                for k in range(n):
                    opened.names[depth, k] = data[i + 1 + k]
                state[DEPTH] = depth + 1
            elif depth == 0:
                state[IS_OVER] = 1
        i = after


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
