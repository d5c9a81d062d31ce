"""Groups equal sequences of codes, exactly: cases by their activities, texts by their bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]

#: Look at the whole of each key.
ALL_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)


@compiled
def sequence_key(begin: int, end: int, codes: Int32, bits: int) -> Any:
    """(low, high), the key of the sequence from place `begin` up to `end`: the same sequence, the same key.

    bits : that hold any of the codes, at least 1. A short sequence is packed into its key, so that no other has it; one of
        more than twice `63 // bits` codes is hashed, and `high` is 0.
    """
    width, half = np.uint64(bits), 63 // bits
    low, high = np.uint64(1), np.uint64(1)  # the leading one tells the length
    if end - begin <= 2 * half:
        middle = min(end, begin + half)
        for s in range(begin, middle):
            low = (low << width) | np.uint64(codes[s])
        for s in range(middle, end):
            high = (high << width) | np.uint64(codes[s])
    else:
        low = np.uint64(end - begin) * np.uint64(0x9E3779B97F4A7C15)
        for s in range(begin, end):
            low = (low ^ np.uint64(codes[s] + 1)) * np.uint64(0xBF58476D1CE4E5B9)
            low = low ^ (low >> np.uint64(29))
        high = np.uint64(0)
    return low, high


@compiled
def same_sequence(codes: Int32, begin: int, end: int, other_begin: int, other_end: int) -> bool:
    """Whether two sequences are the same."""
    if end - begin != other_end - other_begin:
        return False
    for k in range(end - begin):
        if codes[begin + k] != codes[other_begin + k]:
            return False
    return True


@compiled
def _mixed(low: int, high: int) -> Any:
    """A key's bits, well mixed."""
    mixed = (low ^ (high * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0x94D049BB133111EB)


@compiled
def _first_slot(low: int, high: int, shift: int) -> Any:
    """Where in a table of 2**(64 - shift) places a key is looked for first."""
    return np.int64(_mixed(low, high) >> np.uint64(shift))


@compiled
def _looked_up(
    begin: Int64, end: Int64, codes: Int32, bits: int, mask: int,
    table: Int32, shift: int, keys: UInt64, model: Int64, n: Int64, m: int, group: Int32, first: int,
) -> Any:  # fmt: skip
    """Number the sequences from `first` on, for as long as there is room for another group; (the next one, groups)."""
    tells, last = mask == ALL_BITS, len(table) - 1
    for k in range(first, len(begin)):
        low, high = sequence_key(begin[k], end[k], codes, bits)
        low, high = low & mask, high & mask
        slot = _first_slot(low, high, shift)
        g = table[slot]
        while g >= 0:
            if (keys[g, 0] == low) & (keys[g, 1] == high):
                if tells and high != 0:
                    break
                if same_sequence(codes, begin[k], end[k], begin[model[g]], end[model[g]]):
                    break
            slot = (slot + 1) & last
            g = table[slot]
        if g < 0:
            if m == len(model):
                return k, m
            table[slot] = m
            keys[m, 0] = low
            keys[m, 1] = high
            model[m] = k
            g = np.int32(m)
            m += 1
        group[k] = g
        n[g] += 1
    return len(begin), m


@compiled
def sequence_groups(begin: Int64, end: Int64, codes: Int32, bits: int, mask: int) -> Any:
    """(group, n, model, keys): for each sequence the number of its group; for each group how many there are, the place of
    its first and the key of all.

    begin, end : sequence k owns the places from `begin[k]` up to `end[k]`. bits : as for `sequence_key`.
    mask : the bits of the keys that are looked at. Sequences are looked up by their keys; where a key doesn't tell a
        sequence (it is hashed, or not all of its bits are looked at) the sequences are compared, so that two of one key
        stay apart.
    """
    group = np.empty(len(begin), np.int32)
    keys, model, n = np.empty((0, 2), np.uint64), np.empty(0, np.int64), np.empty(0, np.int64)
    size, m, k = 1024, 0, 0
    while size < len(begin) <= 1 << 16:  # room for all when they aren't many
        size *= 2
    while True:  # one turn for each size of the table: a loop that changes an array's size is slow
        old_keys, old_model, old_n = keys, model, n
        keys, model, n = np.empty((size, 2), np.uint64), np.empty(size, np.int64), np.zeros(size, np.int64)
        keys[:m] = old_keys[:m]
        model[:m] = old_model[:m]
        n[:m] = old_n[:m]
        table = np.full(4 * size, -1, np.int32)  # number of a group
        shift, size = 64, 4 * size
        while 1 << (64 - shift) < len(table):
            shift -= 1
        for g in range(m):
            slot = _first_slot(keys[g, 0], keys[g, 1], shift)
            while table[slot] >= 0:
                slot = (slot + 1) & (len(table) - 1)
            table[slot] = g
        k, m = _looked_up(begin, end, codes, bits, mask, table, shift, keys, model, n, m, group, k)
        if k == len(begin):
            return group, n[:m].copy(), model[:m].copy(), keys[:m].copy()


@compiled
def sequence_keys(begin: Int64, end: Int64, codes: Int32, bits: int) -> Any:
    """(n, 2) keys of these sequences."""
    keys = np.empty((len(begin), 2), np.uint64)
    for k in range(len(begin)):
        keys[k, 0], keys[k, 1] = sequence_key(begin[k], end[k], codes, bits)
    return keys


@compiled
def first_likes(
    begin: Int64, end: Int64, codes: Int32, keys: UInt64, part: int, n_parts: int, first_like: Int64
) -> None:  # fmt: skip
    """For each sequence of a part the place of the first one that is the same, written to `first_like`.

    keys : from `sequence_keys`. A key tells its part; the parts, `n_parts` (a power of 2), can be worked on at one time.
    """
    shift = 64
    while 1 << (64 - shift) < 2 * len(begin):
        shift -= 1
    table = np.full(1 << (64 - shift), -1, np.int64)  # place of a sequence
    last, others = len(table) - 1, np.uint64(n_parts - 1)
    for k in range(len(keys)):
        low, high = keys[k, 0], keys[k, 1]
        mixed = _mixed(low, high)
        if mixed & others != np.uint64(part):
            continue
        slot = np.int64(mixed >> np.uint64(shift))
        u = table[slot]
        while u >= 0:
            same = (keys[u, 0] == low) & (keys[u, 1] == high)
            if same and (high != 0 or same_sequence(codes, begin[k], end[k], begin[u], end[u])):
                break
            slot = (slot + 1) & last
            u = table[slot]
        if u < 0:
            table[slot] = k
            u = k
        first_like[k] = u


@compiled
def numbered_likes(first_like: Int64) -> Any:
    """(number, firsts): places of the sequences that are the first of their like; and for each sequence the number of its
    first among them. first_like : as from `first_likes`."""
    number, firsts = np.empty(len(first_like), np.int32), np.empty(len(first_like), np.int64)
    n = 0
    for k in range(len(first_like)):
        if first_like[k] == k:
            firsts[n] = k
            number[k] = n
            n += 1
        else:
            number[k] = number[first_like[k]]
    return number, firsts[:n].copy()


@compiled
def side_by_side(begin: Int64, end: Int64, values: Int32) -> Any:
    """(ends, codes): the sequences one after the other; sequence k owns `codes[ends[k]:ends[k + 1]]`."""
    ends = np.zeros(len(begin) + 1, np.int64)
    for k in range(len(begin)):
        ends[k + 1] = ends[k] + end[k] - begin[k]
    codes = np.empty(ends[-1], np.int32)
    for k in range(len(begin)):
        for s in range(end[k] - begin[k]):
            codes[ends[k] + s] = values[begin[k] + s]
    return ends, codes
