"""Kernels of XML: each reader by hand, against a slow twin, and cut at every place."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels import xml, xml_events
from streamline.kernels.xml import (
    ASCII_CHARACTERS,
    CHARACTERS,
    MORE,
    ODD_ATTRIBUTES,
    ODD_BYTE,
    ODD_MARKUP,
    ODD_REFERENCE,
    ODD_TAG,
)
from streamline.kernels.xml_events import OF_EVENTS, OF_TRACES, Keys

NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def array(data: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def character(data: bytes) -> int:
    return int(xml.past_character(array(data), 0, len(data)))


def slow_character(data: bytes) -> int:
    """Python's decoder, less the two that XML lacks."""
    for n in (2, 3, 4):
        try:
            c = data[:n].decode()
        except UnicodeDecodeError:
            continue
        return n if len(c) == 1 and c not in "\ufffe\uffff" else ODD_BYTE
    return ODD_BYTE


def test_characters_of_two_and_three_bytes_are_those_of_pythons_decoder() -> None:
    """Every lead byte, with every second byte and third bytes at the edges; and a character cut short is MORE."""
    edges = [0x00, 0x7F, 0x80, 0xBD, 0xBE, 0xBF, 0xC0, 0xFF]
    for lead, second, third, fourth in product(range(0x80, 0x100), range(0x100), edges, [0x41, 0x80, 0xBF]):
        data = bytes([lead, second, third, fourth])
        assert character(data) == slow_character(data), data


@pytest.mark.parametrize("c", ["é", "—", "𝄞", "\U0010ffff", "\ud7ff", "\ue000", "\ufffd"])
def test_a_character_cut_short_needs_more(c: str) -> None:
    data = c.encode()
    assert character(data) == len(data)
    assert [character(data[:n]) for n in range(1, len(data))] == [MORE] * (len(data) - 1)


@pytest.mark.parametrize(
    ("data", "meant"),
    [
        *((f"&{name};", c) for name, c in NAMED.items()),
        *(("&#65;", "A"), ("&#x41;", "A"), ("&#x1f600;", "😀"), ("&#x1F600;", "😀"), ("&#00000065;", "A")),
        *(("&#9;", "\t"), ("&#10;", "\n"), ("&#xD;", "\r"), ("&#x10FFFF;", "\U0010ffff"), ("&#xFFFD;", "\ufffd")),
    ],
)
def test_references(data: str, meant: str) -> None:
    raw = array(data.encode() + b"x")
    assert xml.read_reference(raw, 0, len(raw)) == (len(data), ord(meant))
    assert {xml.read_reference(raw, 0, n)[0] for n in range(1, len(data))} == {MORE}
    assert xml.unescaped(data.encode()) == meant


@pytest.mark.parametrize(
    "data",
    [
        *(
            "&;",
            "& ",
            "&nbsp;",
            "&AMP;",
            "&amp ;",
            "&ampx;",
            "&lt&",
            "&#;",
            "&#x;",
            "&#X41;",
            "&# 65;",
            "&#6 5;",
            "&#-1;",
        ),
        *("&#0;", "&#8;", "&#11;", "&#31;", "&#xD800;", "&#xDFFF;", "&#xFFFE;", "&#xFFFF;", "&#x110000;"),
        *("&#99999999;", "&#000000065;", "&#x41g;", "&&"),
    ],
)
def test_references_that_are_not_plain(data: str) -> None:
    raw = array(data.encode() + b"xxxxxxxx")
    assert xml.read_reference(raw, 0, len(raw))[0] == ODD_REFERENCE


def slow_text(raw: str) -> str:
    """The text of a value, from the rules of XML 1.0 (3.3.3)."""

    def meant(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return " "
        return chr(int(name[2:], 16) if name[1] == "x" else int(name[1:])) if name[0] == "#" else NAMED[name]

    return re.sub(r"&([^;]*);|\r\n|[\r\n\t]", meant, raw)


PARTS = st.sampled_from(
    [*(f"&{n};" for n in NAMED), "&#65;", "&#xe9;", "&#x2014;", "&#x1F600;", "&#13;", *" \t\r\na\"'>é—𝄞"]
)


@given(parts=st.lists(PARTS, max_size=12), quote=st.sampled_from("\"'"))
@settings(deadline=None, max_examples=500)
def test_values_against_the_twin(parts: list[str], quote: str) -> None:
    raw = "".join(parts).replace(quote, "")
    data = array(("?" + raw + quote + "rest").encode())
    end, is_escaped = xml.past_value(data, 1, len(data), ord(quote), CHARACTERS)
    assert end == 1 + len(raw.encode())
    assert {xml.past_value(data, 1, n, ord(quote), CHARACTERS)[0] for n in range(1, end + 1)} == {MORE}
    text = slow_text(raw)
    assert bool(is_escaped) == (text != raw or "&" in raw)
    to = xml.unescape(data, 1, end)
    assert data[1:to].tobytes().decode() == text
    assert data[end:].tobytes() == (quote + "rest").encode()
    assert xml.unescaped(raw.encode()) == text


@pytest.mark.parametrize("b", [*range(0x20), ord("<"), 0x80, 0xC0, 0xC1, 0xF5, 0xFF])
def test_bytes_that_no_value_has(b: int) -> None:
    data = array(bytes([65, b, 65]) + b'"')
    reason, _ = xml.past_value(data, 0, len(data), 34, CHARACTERS)
    assert reason == (3 if b in b"\t\n\r" else ODD_BYTE)


def test_ascii_documents_have_ascii_only() -> None:
    data = array('é"'.encode())
    assert xml.past_value(data, 0, 3, 34, CHARACTERS) == (2, 0)
    assert xml.past_value(data, 0, 3, 34, ASCII_CHARACTERS)[0] == ODD_BYTE
    assert (ASCII_CHARACTERS[:128] == CHARACTERS[:128]).all()


@pytest.mark.parametrize(
    "text", ["<!---->", "<!-- a -->", "<!--->-->", "<!-->-->", "<!-- - <b> & ]]> é \t\r\n-->", "<!-- -a-->"]
)
def test_comments(text: str) -> None:
    data = text.encode()
    raw = array(data + b"<")
    assert xml.past_comment(raw, 0, len(raw), CHARACTERS) == len(data)
    assert {xml.past_comment(raw, 0, n, CHARACTERS) for n in range(2, len(data))} == {MORE}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *(
            ("<!-- -- -->", ODD_MARKUP),
            ("<!-- --->", ODD_MARKUP),
            ("<!DOCTYPE log>", ODD_MARKUP),
            ("<![CDATA[]]>", ODD_MARKUP),
        ),
        *(("<!- - -->", ODD_MARKUP), ("<!--\x01-->", ODD_BYTE), ("<!--\ufffe-->", ODD_BYTE)),
    ],
)
def test_markup_that_is_no_plain_comment(text: str, reason: int) -> None:
    raw = array(text.encode())
    assert xml.past_comment(raw, 0, len(raw), CHARACTERS) == reason


def start_tag(text: str) -> tuple[int, dict[str, str | None]]:
    """The position after a start tag, or the reason; and what was noted."""
    raw = array(text.encode())
    tag = np.full(xml.TAG_LENGTH, 99, dtype=np.int64)
    after = int(xml.past_start_tag(raw, 0, len(raw), CHARACTERS, tag))
    key, value = (
        None if tag[at] == xml.ABSENT else raw[tag[at] : tag[at + 1]].tobytes().decode()
        for at in (xml.KEY, xml.VALUE_FROM)
    )
    return after, {"key": key, "value": value, "name": raw[1 : tag[xml.NAME_END]].tobytes().decode()}


@pytest.mark.parametrize(
    ("text", "name", "key", "value"),
    [
        ("<a>", "a", None, None),
        ("<a/>", "a", None, None),
        ("<_a-b.1\r\n/>", "_a-b.1", None, None),
        ("<string key='k' value=\"v\"/>", "string", "k", "v"),
        ("<string\tvalue\n=\r'v' x='<'  key = 'k' >".replace("<'", "&lt;'"), "string", "k", "v"),
        ("<string keys='1' Key='2' valu='3' key='' value=''>", "string", "", ""),
        ("<log xmlns:x='a' xml:lang='en' value='\"&amp;>é'/>", "log", None, '"&amp;>é'),
        ("<a " + " ".join(f"a{i}='{i}'" for i in range(16)) + ">", "a", None, None),
    ],
)
def test_start_tags(text: str, name: str, key: str | None, value: str | None) -> None:
    assert start_tag(text + "<b/>") == (len(text.encode()), {"name": name, "key": key, "value": value})
    assert {start_tag(text[:n])[0] for n in range(1, len(text))} == {MORE}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *(
            (text, ODD_TAG)
            for text in ("< a>", "<1>", "<-a>", "<é>", "<aé>", "<x:a>", "<:a>", "<a/ >", "<a / >", "<a,>")
        ),
        *((text, ODD_TAG) for text in ("<a b>", "<a b/>", "<a b=c>", "<a b='1'c='2'>", "<a b='1'/c='2'>", "<a ='1'>")),
        *(
            (text, ODD_TAG)
            for text in ("<a é='1'>", "<a :b='1'>", "<a b:='1'>", "<a b:c:d='1'>", "<a b:1='1'>", "<a b'1'>", "<>")
        ),
        *(
            (text, ODD_ATTRIBUTES)
            for text in ("<a b='1' b='1'>", "<a b='1' c='' b=\"2\"/>", "<a key='1' value='' key='2'/>")
        ),
        ("<a " + " ".join(f"a{i}='{i}'" for i in range(17)) + ">", ODD_ATTRIBUTES),
        *(("<a b='<'>", ODD_BYTE), ("<a b='\x00'>", ODD_BYTE), ("<a b='&c;'>", ODD_REFERENCE)),
    ],
)
def test_start_tags_that_are_not_plain(text: str, reason: int) -> None:
    assert start_tag(text + "     ")[0] == reason


def table(keys: dict[tuple[int, bytes], int], *, slots: int) -> Keys:
    """Keys and their columns, in a table of so many slots."""
    letters = array(b"".join(key for _, key in keys))
    end = np.cumsum([len(key) for _, key in keys])
    begin = end - [len(key) for _, key in keys]
    made = Keys(
        letters, begin, end, np.full((2, slots), -1, np.int32), np.array(list(keys.values()), np.int32), np.full(9, -1)
    )
    for number, (scope, key) in enumerate(keys):
        at = xml_events.key_slot(array(key), 0, len(key), scope, made.slots, letters, begin, end)
        assert made.slots[scope, at] == -1
        made.slots[scope, at] = number
    return made


def test_a_crowded_table_finds_every_key_and_no_other() -> None:
    """Fourteen keys of each scope in sixteen slots."""
    keys = {(scope, f"key{i}".encode()): -1 for scope in (OF_EVENTS, OF_TRACES) for i in range(14)}
    made = table(keys, slots=16)
    for number, (scope, key) in enumerate(keys):
        at = xml_events.key_slot(array(key), 0, len(key), scope, made.slots, made.letters, made.begin, made.end)
        assert made.slots[scope, at] == number
    for other in (b"", b"key", b"key14", b"Key1"):
        at = xml_events.key_slot(array(other), 0, len(other), 0, made.slots, made.letters, made.begin, made.end)
        assert made.slots[0, at] == -1


LOG = b"""<log><int key="n" value="7"/><global><event><int key="n" value="0"/></event></global>
<trace><s key="t" value="T1"/><event><s key="n" value="a&amp;b"><s key="n" value="no"/></s><s key="n" value="2nd"/>
<s key="x" value="not kept"/><s value="no key"/><list key="l"><s key="n" value="no"/></list></event><event/></trace>
<event><s key="n" value="outside"/></event><trace><event><s key="n" value=""/></event></trace></log>"""


def test_a_log_by_hand() -> None:
    """Events 0 and 1 in trace 0, event 2 outside (trace 1), event 3 in trace 2."""
    keys = table({(OF_EVENTS, b"n"): 0, (OF_EVENTS, b"x"): -1, (OF_TRACES, b"t"): 1}, slots=8)
    data, state = array(LOG), np.zeros(xml_events.STATE_LENGTH, dtype=np.int64)
    found, begun = xml_events.room_for(len(data))
    place, reason = xml_events.scan_events(
        data, 0, len(data), CHARACTERS, xml_events.nothing_open(), keys, found, begun, state
    )
    assert (place, reason) == (len(LOG), MORE)
    n = state[xml_events.N_FOUND]
    texts = [data[a:b].tobytes() for a, b in zip(found.begin[:n], found.end[:n], strict=True)]
    assert texts == [b"T1", b"a&b", b""]
    assert found.column[:n].tolist() == [1, 0, 0]
    assert found.owner[:n].tolist() == [0, 0, 3]
    assert begun.events_before[:3].tolist() == [0, 2, 3]
    assert begun.is_outside[:3].tolist() == [False, True, False]
    told = {name: int(state[getattr(xml_events, name)]) for name in ("N_EVENTS", "N_TRACES", "N_NESTED", "N_ODD")}
    assert told == {"N_EVENTS": 4, "N_TRACES": 3, "N_NESTED": 3, "N_ODD": 1}
    assert (state[xml_events.N_REPEATED], state[xml_events.DEPTH], state[xml_events.IS_OVER]) == (1, 0, 1)

    first, owner, length, first_byte, letters = xml_events.values_by_column(data, found, n, 3)
    assert first.tolist() == [0, 2, 3, 3]
    assert (owner.tolist(), length.tolist()) == ([0, 3, 0], [3, 0, 2])
    assert (first_byte.tolist(), letters.tobytes()) == ([0, 3, 5, 5], b"a&bT1")


def test_a_key_that_is_not_in_the_table_stops_before_its_element() -> None:
    data, state = (
        array(b"<log><trace><s key='new' value='1'/></trace></log>"),
        np.zeros(xml_events.STATE_LENGTH, np.int64),
    )
    opened, (found, begun) = xml_events.nothing_open(), xml_events.room_for(len(data))
    keys = table({(OF_EVENTS, b"new"): 0}, slots=8)
    place, reason = xml_events.scan_events(data, 0, len(data), CHARACTERS, opened, keys, found, begun, state)
    assert (place, reason) == (12, xml_events.NEW_KEY)
    assert data[opened.tag[xml.KEY] : opened.tag[xml.KEY_END]].tobytes() == b"new"
    assert (state[xml_events.DEPTH], state[xml_events.N_FOUND]) == (2, 0)


def test_the_smallest_elements_fill_no_more_room_than_there_is() -> None:
    """What `room_for` counts on: nothing is shorter."""
    assert len(b"<a key='' value=''/>") == xml_events.SHORTEST_ATTRIBUTE
    assert len(b"<trace/>") == len(b"<event/>") == xml_events.SHORTEST_TRACE
