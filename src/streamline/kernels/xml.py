"""Compiled reading of plain XML markup from bytes: characters, references, attribute values, comments and start tags.

Everything here accepts a part of XML 1.0 in UTF-8 or ASCII and nothing beyond it, so that what it accepts is
well-formed. Each reader returns the position after what it read, or, below zero, why it didn't: MORE when the bytes
end before the token does, otherwise one of the reasons below, which mean "not plain", not always "wrong".
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Bytes = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]

# Why nothing was read.
MORE: Final = -1
ODD_BYTE: Final = -2  # a control character, < in a value, or no UTF-8
ODD_REFERENCE: Final = -3  # an entity that isn't predefined, a character that XML lacks, no semicolon
ODD_TAG: Final = -4  # a name with letters beyond ASCII, an attribute without quotes, no space between two of them
ODD_ATTRIBUTES: Final = -5  # one name twice, or too many
ODD_MARKUP: Final = -6  # a document type, a CDATA section, a processing instruction, two hyphens in a comment

# What a byte may be, as bits of `CHARACTERS`.
VALUE: Final = 1  # stands for itself in an attribute's value, whatever its quotes
START: Final = 2  # may begin a name
NAME: Final = 4  # may go on with one
SPACE: Final = 8
HIGH: Final = 16  # part of a character of several bytes


def _characters() -> Bytes:
    bits = np.zeros(256, dtype=np.uint8)
    bits[32:128] = VALUE
    bits[[ord(c) for c in "\"'<&"]] = 0
    letters = [ord(c) for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"]
    bits[letters] |= START | NAME
    bits[[ord(c) for c in "0123456789-."]] |= NAME
    bits[[ord(c) for c in " \t\r\n"]] |= SPACE
    bits[128:] = HIGH
    return bits


#: Bits of each byte in UTF-8, and in documents that say they have ASCII only.
CHARACTERS: Final = _characters()
ASCII_CHARACTERS: Final = np.where(np.arange(256) < 128, CHARACTERS, 0).astype(np.uint8)

# Places in what `past_start_tag` writes: ends are exclusive, ABSENT where there is no such attribute.
NAME_END: Final = 0
EMPTY: Final = 1  # 1 for <a/>
KEY: Final = 2
KEY_END: Final = 3
VALUE_FROM: Final = 4
VALUE_END: Final = 5
IS_ESCAPED: Final = 6  # 1 when the value isn't its own text: see `unescape`
_NAMES: Final = 7
MAX_ATTRIBUTES: Final = 16
TAG_LENGTH: Final = _NAMES + 2 * MAX_ATTRIBUTES
ABSENT: Final = -1

_KEY = np.frombuffer(b"key", dtype=np.uint8)
_VALUE = np.frombuffer(b"value", dtype=np.uint8)
_PREDEFINED = np.frombuffer(b"amp; lt;  gt;  quot;apos;", dtype=np.uint8).reshape(5, 5)
_MEANT = np.frombuffer(b"&<>\"'", dtype=np.uint8)


@compiled
def is_word(data: Bytes, i: int, end: int, word: Bytes) -> bool:
    """Whether the bytes from `i` to `end` are this word."""
    if end - i != len(word):
        return False
    for k in range(len(word)):
        if data[i + k] != word[k]:
            return False
    return True


@compiled
def is_same(data: Bytes, i: int, n: int, other: Bytes, j: int) -> bool:
    """Whether the `n` bytes from `i` are those of `other` from `j`."""
    for k in range(n):
        if data[i + k] != other[j + k]:
            return False
    return True


@compiled
def past_space(data: Bytes, i: int, end: int, characters: Bytes) -> int:
    """Position of the first byte at or after `i` that isn't white space; `end` when there is none."""
    while i < end and characters[data[i]] & SPACE:
        i += 1
    return i


@compiled
def past_character(data: Bytes, i: int, end: int) -> int:
    """Read a character of two to four bytes: the shortest form only, no surrogates, not U+FFFE and U+FFFF."""
    b = data[i]
    low, high = 0x80, 0xBF
    if 0xC2 <= b <= 0xDF:
        n = 2
    elif 0xE0 <= b <= 0xEF:
        n = 3
        low = 0xA0 if b == 0xE0 else low
        high = 0x9F if b == 0xED else high
    elif 0xF0 <= b <= 0xF4:
        n = 4
        low = 0x90 if b == 0xF0 else low
        high = 0x8F if b == 0xF4 else high
    else:
        return ODD_BYTE
    if i + n > end:
        return MORE
    if not low <= data[i + 1] <= high:
        return ODD_BYTE
    for k in range(2, n):
        if not 0x80 <= data[i + k] <= 0xBF:
            return ODD_BYTE
    if b == 0xEF and data[i + 1] == 0xBF and data[i + 2] >= 0xBE:
        return ODD_BYTE
    return i + n


@compiled
def _digit(b: int, base: int) -> int:
    """The value of a digit in base 10 or 16; -1 for another byte."""
    if 48 <= b <= 57:
        return b - 48
    if base == 16 and 97 <= (b | 32) <= 102:
        return (b | 32) - 87
    return -1


@compiled
def read_reference(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """The reference whose & stands at `i`: (position after it or a reason, the character that it stands for).

    One of the five predefined entities, or a character by its number in up to eight digits.
    """
    i += 1
    if i >= end:
        return MORE, 0
    if data[i] != 35:  # 35 is #
        for k in range(5):
            for j in range(5):
                if i + j >= end:
                    return MORE, 0
                if data[i + j] != _PREDEFINED[k, j]:
                    break
                if data[i + j] == 59:  # the semicolon
                    return i + j + 1, int(_MEANT[k])
        return ODD_REFERENCE, 0
    i += 1
    base = 10
    if i < end and data[i] == 120:  # x
        base = 16
        i += 1
    first = i
    number = 0
    while i < end and _digit(int(data[i]), base) >= 0 and i - first < 9:
        number = number * base + _digit(int(data[i]), base)
        i += 1
    if i >= end:
        return MORE, 0
    if data[i] != 59 or i == first or i - first > 8:
        return ODD_REFERENCE, 0
    is_space = number in (9, 10, 13)
    is_character = 32 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number <= 0x10FFFF
    return (i + 1, number) if is_space or is_character else (ODD_REFERENCE, 0)


@compiled
def past_value(data: Bytes, i: int, end: int, quote: int, characters: Bytes) -> tuple[int, int]:
    """Read an attribute's value that begins at `i`: (position of the quote that ends it or a reason, whether escaped).

    It is escaped when its text isn't its bytes: references, tabs and ends of lines. See `unescape`.
    """
    is_escaped = 0
    while True:
        while i < end and characters[data[i]] & VALUE:
            i += 1
        if i >= end:
            return MORE, 0
        b = data[i]
        if b == quote:
            return i, is_escaped
        if b in (34, 39):  # the other quote
            i += 1
        elif b == 38:  # &
            i, _ = read_reference(data, i, end)
            is_escaped = 1
        elif characters[b] & HIGH:
            i = past_character(data, i, end)
        elif characters[b] & SPACE:
            i += 1
            is_escaped = 1
        else:
            return ODD_BYTE, 0
        if i < 0:
            return i, 0


@compiled
def unescape(data: Bytes, i: int, end: int) -> int:
    """Replace a value that `past_value` has read by its text, in place; returns the end of the text.

    References give way to their characters, and a tab or an end of line (also CR LF) to a blank. No text is longer
    than what it replaces.
    """
    to = i
    while i < end:
        b = data[i]
        if b == 38:
            i, c = read_reference(data, i, end)
            if c < 0x80:
                data[to] = c
                to += 1
                continue
            n = 2 if c < 0x800 else 3 if c < 0x10000 else 4
            for k in range(n - 1, 0, -1):
                data[to + k] = 0x80 | (c & 0x3F)
                c >>= 6
            data[to] = ((0xF00 >> n) & 0xFF) | c
            to += n
        else:
            if b == 13 and i + 1 < end and data[i + 1] == 10:
                i += 1
            data[to] = 32 if b in (9, 10, 13) else b
            to += 1
            i += 1
    return to


@compiled
def past_comment(data: Bytes, i: int, end: int, characters: Bytes) -> int:
    """Read a comment, whose <! stands at `i`."""
    if i + 4 > end:
        return MORE
    if data[i + 2] != 45 or data[i + 3] != 45:  # 45 is the hyphen
        return ODD_MARKUP
    i += 4
    while i < end:
        b = data[i]
        if b == 45 and (i + 1 >= end or data[i + 1] == 45):
            if i + 2 >= end:
                return MORE
            return i + 3 if data[i + 2] == 62 else ODD_MARKUP
        if characters[b] & HIGH:
            i = past_character(data, i, end)
            if i < 0:
                return i
        elif (b >= 32 and b < 128) or characters[b] & SPACE:
            i += 1
        else:
            return ODD_BYTE
    return MORE


@compiled
def _past_name(data: Bytes, i: int, end: int, characters: Bytes) -> int:
    """Read a name of ASCII letters, digits and -._ ; `i` itself when none begins there."""
    if i < end and characters[data[i]] & START:
        i += 1
        while i < end and characters[data[i]] & NAME:
            i += 1
    return i


@compiled
def past_start_tag(data: Bytes, i: int, end: int, characters: Bytes, tag: Int64s) -> int:
    """Read a start tag, whose < stands at `i`, and note where its `key` and its `value` are.

    tag : TAG_LENGTH places, written: see NAME_END and those after it. The element's name has no colon, an
        attribute's at most one, with a name on either side.
    """
    begun = i + 1
    i = _past_name(data, begun, end, characters)
    if i >= end:
        return MORE
    if i == begun:
        return ODD_TAG
    tag[NAME_END] = i
    tag[KEY] = ABSENT
    tag[VALUE_FROM] = ABSENT
    n = 0
    while True:
        gap = i
        i = past_space(data, i, end, characters)
        if i + 1 >= end and (i >= end or data[i] != 62):
            return MORE
        if data[i] == 62:  # >
            tag[EMPTY] = 0
            return i + 1
        if data[i] == 47:  # /
            tag[EMPTY] = 1
            return i + 2 if data[i + 1] == 62 else ODD_TAG
        if i == gap:
            return ODD_TAG
        name = i
        i = _past_name(data, i, end, characters)
        if i == name:
            return ODD_TAG
        if i < end and data[i] == 58:  # :
            colon = i
            i = _past_name(data, colon + 1, end, characters)
            if i == colon + 1 and i < end:
                return ODD_TAG
        name_end = i
        i = past_space(data, i, end, characters)
        if i >= end:
            return MORE
        if data[i] != 61:  # =
            return ODD_TAG
        i = past_space(data, i + 1, end, characters)
        if i >= end:
            return MORE
        quote = data[i]
        if quote not in (34, 39):
            return ODD_TAG
        value = i + 1
        i, is_escaped = past_value(data, value, end, quote, characters)
        if i < 0:
            return i
        if n == MAX_ATTRIBUTES:
            return ODD_ATTRIBUTES
        for k in range(n):
            length = tag[_NAMES + 2 * k + 1]
            if length == name_end - name and is_same(data, tag[_NAMES + 2 * k], length, data, name):
                return ODD_ATTRIBUTES
        tag[_NAMES + 2 * n] = name
        tag[_NAMES + 2 * n + 1] = name_end - name
        n += 1
        if is_word(data, name, name_end, _KEY):
            tag[KEY], tag[KEY_END] = value, i
        elif is_word(data, name, name_end, _VALUE):
            tag[VALUE_FROM], tag[VALUE_END], tag[IS_ESCAPED] = value, i, is_escaped
        i += 1


def unescaped(raw: bytes) -> str:
    """The text of a value that `past_value` has read.

    >>> unescaped(b"R&amp;D &#233;&#x2014;")
    'R&D é—'
    """
    data = np.frombuffer(raw, dtype=np.uint8).copy()
    return data[: unescape(data, 0, len(raw))].tobytes().decode()
