"""The compiled way through XES: the same as expat's on whatever it takes, and given up for whatever isn't plain."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamline.errors import FileFormatError
from streamline.log import xes, xes_scan
from streamline.log.raw import RawRecords
from streamline.log.xes import parsed_records, read_xes_records
from streamline.log.xes_records import STANDARD_COLUMNS
from streamline.log.xes_scan import Unsure, scanned_records

KEEP = frozenset({*STANDARD_COLUMNS, "case:channel", "cost", "case:é", "a&b", "", "case:"})
SEEDS = st.integers(0, 2**32)
BLOCKS = st.sampled_from([1, 2, 3, 5, 7, 16, 61, 256, 1 << 20])
SOME = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_same(ours: RawRecords, theirs: RawRecords) -> None:
    """Every field, and the order of what has one."""
    assert list(ours.columns) == list(theirs.columns)
    for key, column in ours.columns.items():
        assert str(column.type) == str(theirs.columns[key].type) == "large_string"
        column.validate(full=True)
        assert column.equals(theirs.columns[key]), key
        assert len(column) == len(ours.row)
    assert ours.row.dtype == theirs.row.dtype == np.int64
    assert ours.row.tolist() == theirs.row.tolist()
    assert list(ours.reading.items()) == list(theirs.reading.items())
    for field in ("source", "available", "rejects", "empty_cases", "sha256"):
        assert getattr(ours, field) == getattr(theirs, field), field


def written(folder: Path, content: str | bytes, name: str = "log.xes") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def assert_taken(path: Path, *, keep: Collection[str] = KEEP, block_bytes: int = 1 << 22) -> RawRecords:
    """Both ways give the same, and neither refuses."""
    ours = scanned_records(path, keep, block_bytes=block_bytes)
    assert_same(ours, parsed_records(path, keep))
    return ours


def is_taken(path: Path, *, block_bytes: int = 1 << 22) -> bool:
    """Whether the scanner takes a document that may be damaged; if so, it must give what expat gives."""
    try:
        theirs = parsed_records(path, KEEP)
    except FileFormatError:
        with pytest.raises(Unsure):
            scanned_records(path, KEEP, block_bytes=block_bytes)
        return False
    try:
        ours = scanned_records(path, KEEP, block_bytes=block_bytes)
    except Unsure:
        return False
    assert_same(ours, theirs)
    return True


class Document:
    """A random document of plain shape: odd white space, quotes, entities, nesting, repeated keys, unnamed traces."""

    names = (
        *("string", "date", "int", "float", "boolean", "id", "list", "container"),
        *("values", "xlist", "Event", "a-.1_"),
    )
    keys = (
        *("concept:name", "concept:name", "time:timestamp", "org:resource", "lifecycle:transition", "channel", "cost"),
        *("case:channel", "case:concept:name", "", "é", "a&amp;b", "a&#38;b", "a&#x26;b", "x\ty", "x y", "k" * 40),
    )
    texts = (
        *("", " ", "A", "check it", "2024-03-01T10:00:00.000+01:00", "é", "—", "𝄞", "&amp;", "&lt;", "&gt;", "&quot;"),
        *("&apos;", "&#233;", "&#x1F600;", "&#10;", "&#13;", "&#x9;", "&#32;", "&#xA0;", "]]>", "-->", "/>", "key="),
        *("\n", "\t", "\r\n", "\r", "\r\r\n", ">", "\u00a0", "\u2028", "\u0085", "\x7f", "\ud7ff", "\ufffd", "\ue000"),
        "\U0010ffff",
    )

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        #: What this document is made of: few kinds of things, so that the same comes up again.
        self.own_texts = self.random.choices(self.texts, k=self.random.randint(1, 12))
        self.own_keys = self.random.choices(self.keys, k=self.random.randint(1, 8))
        self.is_odd = self.random.random() < 0.5

    def maybe(self, share: float, text: str) -> str:
        return text if self.random.random() < share else ""

    def space(self, *, least: int = 0) -> str:
        if not self.is_odd:
            return " " * least
        return "".join(self.random.choices(" \t\n\r", k=self.random.randint(least, least + 2)))

    def gap(self) -> str:
        """What may stand between elements."""
        comment = self.maybe(
            self.is_odd * 0.1, self.random.choice(["<!---->", "<!-- <é> & ]]> - -->", "<!-->a\r\n-b-->"])
        )
        return self.space() + comment + self.space()

    def quoted(self, text: str) -> str:
        quote = self.random.choice("\"'")
        return quote + text.replace(quote, "&#34;" if quote == '"' else "&#39;") + quote

    def attribute(self, name: str, text: str) -> str:
        return f"{self.space(least=1)}{name}{self.space()}={self.space()}{self.quoted(text)}"

    def value(self) -> str:
        return "".join(self.random.choices(self.own_texts, k=self.random.choice([0, 1, 1, 1, 2, 5])))

    def element(self, name: str, attributes: str, inside: str) -> str:
        if not inside and self.random.random() < 0.8:
            return f"<{name}{attributes}{self.space()}/>"
        return f"<{name}{attributes}{self.space()}>{inside}</{name}{self.space()}>"

    def field(self, level: int = 0) -> str:
        """An attribute of XES: an element with a key and a value, and perhaps others in it."""
        random, key, value = self.random, self.random.choice(self.own_keys), self.value()
        parts = [self.attribute("key", key), self.attribute("value", value)]
        if random.random() < 0.1:
            parts.append(self.attribute(random.choice(["x", "xml:lang", "xmlns:y", "Key", "values"]), value))
        if random.random() < 0.1:
            parts.pop(random.randrange(len(parts)))
        random.shuffle(parts)
        inner = (
            [self.field(level + 1) for _ in range(random.randint(0, 2))] if random.random() < 0.2 and level < 4 else []
        )
        name = random.choice(["event", "trace", "log", "objects"] if random.random() < 0.06 else self.names)
        return self.element(name, "".join(parts), self.joined(inner))

    def joined(self, parts: list[str]) -> str:
        return "".join(self.gap() + part for part in parts) + (self.gap() if parts else "")

    def event(self) -> str:
        return self.element(
            "event",
            self.maybe(0.1, self.attribute("key", "k")),
            self.joined([self.field() for _ in range(self.random.randint(0, 6))]),
        )

    def trace(self) -> str:
        random = self.random
        parts = [self.field() for _ in range(random.randint(0, 3))]
        if random.random() < 0.7:
            parts.append(f'<string key="concept:name"{self.attribute("value", self.value())}/>')
        parts += [self.event() for _ in range(random.randint(0, 4))]
        random.shuffle(parts)
        return self.element("trace", "", self.joined(parts))

    def text(self) -> str:
        random = self.random
        parts = [
            self.element("extension", self.attribute("name", "Time") + self.attribute("uri", "http://x/"), ""),
            self.element("global", self.attribute("scope", "event"), self.joined([self.field(), self.event()])),
            self.element(
                "string", self.attribute("key", "a") + self.attribute("value", "b"), self.joined([self.field(1)])
            ),
        ]
        parts = [part for part in parts if random.random() < 0.4] + [self.trace() for _ in range(random.randint(0, 5))]
        if random.random() < 0.2:
            parts.insert(random.randint(0, len(parts)), self.event())
        encoding = self.maybe(0.7, self.attribute("encoding", random.choice(["UTF-8", "utf-8", "Utf-8"])))
        alone = self.maybe(0.2, self.attribute("standalone", random.choice(["yes", "no"])))
        declaration = f"<?xml{self.attribute('version', '1.0')}{encoding}{alone}{self.space()}?>"
        head = self.maybe(0.1, "\ufeff") + self.maybe(0.7, declaration)
        return (
            head
            + self.gap()
            + self.element("log", self.attribute("xes.version", "1.0"), self.joined(parts))
            + self.gap()
        )


@given(seed=SEEDS, block_bytes=BLOCKS)
@SOME
def test_plain_documents_are_taken_and_give_what_expat_gives(tmp_path: Path, seed: int, block_bytes: int) -> None:
    text = Document(seed).text()
    assert_taken(written(tmp_path, text), block_bytes=block_bytes)


SAMPLE = """<log xes.version='1.0'><!-- a > b -->
 <global scope="event"><string key="org:resource" value="UNKNOWN"/></global>
 <trace ><string value = "n\t1" key='concept:name' ><int key="x" value="1"/></string >
  <event><string key="concept:name" value="R&amp;D é &#x2014;𝄞&#10;"/><int key="a&amp;b" value=""/></event>
  <event/><string key="channel" value="phone\r\n"/></trace>
 <event><string key="concept:name" value="lost"/></event>
 <trace><event><date key="time:timestamp" value="2024"/></event><string key="concept:name" value="&#xa0;"/></trace>
</log>
<!-- end -->"""

PIECES = (
    *(b"<", b">", b"&", b'"', b"'", b"=", b"/", b"/>", b"</", b"-", b"--", b"-->", b"<!--", b"]]>", b"<![CDATA[x]]>"),
    *(b"<?pi x?>", b"<?xml version='1.0'?>", b"<!DOCTYPE log>", b"&amp;", b"&nothing;", b"&#0;", b"&#x0;", b"&#xD800;"),
    *(
        b"&#xFFFE;",
        b"&#1114112;",
        b"&#x;",
        b"&#;",
        b"&#00000000065;",
        b"&#x26",
        b"\x00",
        b"\x0b",
        b"\x1f",
        b"\xff",
        b"\xc0\x80",
    ),
    *(
        b"\xed\xa0\x80",
        b"\xef\xbf\xbe",
        b"\xef\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\xef\xbb\xbf",
        b" key='a'",
        b" value='b'",
    ),
    *(
        b" ",
        b"\n",
        b"\r",
        b"text",
        b"\xc2\xa0",
        b":",
        b"x:",
        b"<event>",
        b"</event>",
        b"<trace>",
        b"</trace>",
        b"<log>",
        b"</log>",
        b"<log/>",
    ),
    *(
        b"<event/>",
        b"<trace/>",
        b"<x/>",
        b"<x:event/>",
        b"<object-types/>",
        b"<\xc3\xa9/>",
        b" \xc3\xa9='1'",
        b"<x y=z/>",
        b"<x y/>",
        b"<1/>",
    ),
)


@given(seed=SEEDS, block_bytes=BLOCKS)
@SOME
def test_damaged_documents_are_left_to_expat_or_give_what_it_gives(tmp_path: Path, seed: int, block_bytes: int) -> None:
    content = bytearray(Document(seed).text().encode())
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(content) + 1)
        match chance.randrange(6):
            case 0 if place < len(content):
                content[place] = chance.randrange(256)
            case 1:
                del content[place : place + chance.randint(1, 9)]
            case 2:
                content.insert(place, chance.randrange(256))
            case 3 if chance.random() < 0.2:
                del content[place:]
            case 4:
                begin = chance.randrange(len(content) + 1)
                content[place:place] = content[begin : begin + chance.randint(1, 60)]
            case _:
                content[place:place] = chance.choice(PIECES)
    if content:
        is_taken(written(tmp_path, bytes(content)), block_bytes=block_bytes)


@given(seed=SEEDS)
@settings(SOME, max_examples=100)
def test_damaged_gzip_is_left_to_expat(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    plain = Document(seed).text().encode()
    packed = bytearray(gzip.compress(plain, mtime=0))
    assert_taken(written(tmp_path, bytes(packed), "log.xes.gz"), block_bytes=64)
    packed[chance.randrange(2, len(packed))] = chance.randrange(256)
    is_taken(written(tmp_path, bytes(packed[: len(packed) - chance.choice([0, 0, 1, 9])]), "log.xes.gz"))


def outcome(read: Callable[[], RawRecords]) -> RawRecords | str:
    """The records, or what the error says."""
    try:
        return read()
    except FileFormatError as error:
        return str(error)


TRACE = '<trace><string key="concept:name" value="1"/><event><string key="concept:name" value="A"/></event></trace>'


def test_a_plain_file_never_comes_to_expat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, f"<log>{TRACE}</log>")
    theirs = parsed_records(path, KEEP)
    monkeypatch.setattr(xes, "parsed_records", None)
    assert_same(read_xes_records(path, wanted=KEEP), theirs)


def test_what_is_not_plain_comes_to_expat_and_its_answer_counts(tmp_path: Path) -> None:
    path = written(tmp_path, f"<log>{TRACE}<![CDATA[ <event/> ]]></log>")
    with pytest.raises(Unsure):
        scanned_records(path, KEEP)
    assert_same(read_xes_records(path, wanted=KEEP), parsed_records(path, KEEP))


@pytest.mark.parametrize(
    ("content", "met"),
    [
        ("<!DOCTYPE log><log/>", "a document type"),
        (f"<log>{TRACE}<![CDATA[x]]></log>", "a CDATA section"),
        (f"<log><?pi x?>{TRACE}</log>", "a processing instruction"),
        ("<?xml-stylesheet href='a'?><log/>", "an XML declaration that isn't plain"),
        (" <?xml version='1.0'?><log/>", "a processing instruction"),
        ("<?xml version='1.1'?><log/>", "an XML declaration that isn't plain"),
        ("<?xml encoding='UTF-8'?><log/>", "an XML declaration that isn't plain"),
        ("<?xml version='1.0' encoding='windows-1252'?><log/>", "the encoding windows-1252"),
        ("\ufeff<?xml version='1.0' encoding='ISO-8859-1'?><log/>", "the encoding ISO-8859-1"),
        (SAMPLE.encode("utf-16"), "text between elements"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><log a='é'/>".encode("latin-1"), "a byte that isn't plain"),
        ("<?xml version='1.0' encoding='US-ASCII'?><log a='é'/>", "a byte that isn't plain"),
        (b"<log a='\xe9'/>", "a byte that isn't plain"),
        (b"<log a='\xed\xa0\x80'/>", "a byte that isn't plain"),
        (b"<log a='\x01'/>", "a byte that isn't plain"),
        ("<log a='<'/>", "a byte that isn't plain"),
        ("<log a='\ufffe'/>", "a byte that isn't plain"),
        ("<!-- \x02 --><log/>", "a byte that isn't plain"),
        ("<!-- a -- b --><log/>", "a hyphen in a comment"),
        ("<log a='&b;'/>", "a reference"),
        ("<log a='a & b'/>", "a reference"),
        ("<log a='&#0;'/>", "a reference"),
        ("<log a=b/>", "a tag that isn't plain"),
        ("<log a/>", "a tag that isn't plain"),
        ("<log a='1'b='2'/>", "a tag that isn't plain"),
        ("<log / >", "a tag that isn't plain"),
        ("< log/>", "a tag that isn't plain"),
        ("<log é='1'/>", "a tag that isn't plain"),
        ("<log a:b:c='1'/>", "a tag that isn't plain"),
        (f"<x:log>{TRACE}</x:log>", "a tag that isn't plain"),
        ("<log a='1' a='2'/>", "an attribute twice"),
        ("<log " + " ".join(f"a{i}='1'" for i in range(17)) + "/>", "an attribute twice, or too many"),
        (f"<log>{TRACE}text</log>", "text between elements"),
        (f"<log>{TRACE}&#32;</log>", "text between elements"),
        ("case,activity\n", "text between elements"),
        ("<log/>text", "text between elements"),
        ("<log></LOG>", "an end tag that fits no start tag"),
        ("<log></log2>", "an end tag that fits no start tag"),
        ("</log>", "an end tag that fits no start tag"),
        ("<log></log></log>", "an end tag that fits no start tag"),
        ("<log/><log/>", "a second one"),
        ("<pnml/>", "a root that isn't a log"),
        ("<log><objects/></log>", "a root that isn't a log"),
        ("<log><object-types/></log>", "a root that isn't a log"),
        ("<log>" + "<a>" * 64 + "</a>" * 64 + "</log>", "too many levels"),
        (f"<log><{'a' * 33}></{'a' * 33}></log>", "too many levels"),
        (f"<log>{TRACE}", "ends before its log does"),
        ("<log/", "ends before its log does"),
        ("<log/><!-- ", "ends before its log does"),
        ("<!-- -->", "ends before its log does"),
        (gzip.compress(b"", mtime=0), "ends before its log does"),
        (gzip.compress(b"<log/>", mtime=0)[:-3], "end-of-stream"),
        (gzip.compress(b"<log/>", mtime=0)[:-8] + bytes(8), "CRC"),
        (gzip.compress(b"<log/>", mtime=0) + b"rest", "Not a gzipped file"),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_given_up_for_what_is_not_plain(tmp_path: Path, content: str | bytes, met: str, block_bytes: int) -> None:
    path = written(tmp_path, content)
    with pytest.raises(Unsure, match=met):
        scanned_records(path, KEEP, block_bytes=block_bytes)
    ours, theirs = (outcome(lambda: read_xes_records(path, wanted=KEEP)), outcome(lambda: parsed_records(path, KEEP)))
    if isinstance(theirs, str):
        assert ours == theirs
    else:
        assert isinstance(ours, RawRecords)
        assert_same(ours, theirs)


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "iso-8859-1", "US-ASCII", "us-ascii"])
def test_encodings_that_are_ascii_below_128_are_taken_while_they_stay_there(tmp_path: Path, encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?><log>{TRACE.replace('A', '&#233;')}</log>"
    assert assert_taken(written(tmp_path, text)).columns["concept:name"].to_pylist() == ["é"]


@pytest.mark.parametrize(
    "content", ["<log/>", "<log></log>", "<log><trace/></log>", "<log><event/></log>", "<log><x/></log>"]
)
def test_logs_of_next_to_nothing(tmp_path: Path, content: str) -> None:
    assert_taken(written(tmp_path, content))


@pytest.mark.parametrize("encoding", ["UTF-8o", "UTF-16x", "UTF-7", "UTF-80"])
def test_encodings_that_only_begin_like_known_ones_are_refused(tmp_path: Path, encoding: str) -> None:
    """Before, Python's own LookupError or ValueError came out of expat."""
    path = written(tmp_path, f"<?xml version='1.0' encoding='{encoding}'?><log/>")
    with pytest.raises(FileFormatError, match=f"its encoding is '{encoding}', which can't be read"):
        read_xes_records(path)


def test_a_document_cut_in_two_at_every_place(tmp_path: Path) -> None:
    """A first block of each length, so that each token is cut everywhere."""
    content = ("\ufeff<?xml version='1.0'?>\r\n" + SAMPLE).encode()
    path = written(tmp_path, content)
    theirs = parsed_records(path, KEEP)
    for n in range(1, len(content) + 1):
        assert_same(scanned_records(path, KEEP, block_bytes=n), theirs)


def test_a_value_longer_than_many_blocks(tmp_path: Path) -> None:
    text = "&lt;é" * 5_000
    path = written(tmp_path, f"<log>{TRACE.replace('A', text)}<!-- {text} -->{TRACE}</log>")
    assert assert_taken(path, block_bytes=100).columns["concept:name"].to_pylist() == ["<é" * 5_000, "A"]


def test_a_token_that_goes_on_and_on_is_left_to_expat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xes_scan, "_MOST_CARRIED", 100)
    path = written(tmp_path, f"<log>{TRACE}<!-- {'x' * 200} --></log>")
    assert_taken(path)
    with pytest.raises(Unsure, match="a token that is too long"):
        scanned_records(path, KEEP, block_bytes=10)


def test_many_keys(tmp_path: Path) -> None:
    """So many that they share slots of the table; beyond its room expat reads."""
    fields = [f'<int key="k{i}" value="{i}"/>' for i in range(4_096)]
    path = written(tmp_path, f"<log><trace><event>{''.join(fields[:-1])}</event></trace>{TRACE}</log>")
    with pytest.raises(Unsure, match="too many keys"):
        scanned_records(path, KEEP)
    path = written(tmp_path, f"<log>{TRACE.replace('</event>', ''.join(fields[:-2]) + '</event>')}</log>")
    assert assert_taken(path, keep=KEEP | {"k1", "k77", "k4093"}).columns["k4093"].to_pylist() == ["4093"]


def test_a_key_spelled_in_several_ways_is_one_key(tmp_path: Path) -> None:
    keys = ["a&amp;b", "a&#38;b", "a&#x26;b"]
    fields = "".join(f'<string key="{key}" value="{i}"/>' for i, key in enumerate(keys))
    records = assert_taken(written(tmp_path, f"<log>{TRACE.replace('</event>', fields + '</event>')}</log>"))
    assert records.columns["a&b"].to_pylist() == ["0"]
    assert records.reading["second values for one key, not read"] == "2"


def test_expats_chunks_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expat's reader with chunks of two against the scanner, which has none."""
    monkeypatch.setattr(xes, "_CHUNK", 2)
    for seed in range(40):
        assert_taken(written(tmp_path, Document(seed).text()))


@pytest.mark.real
def test_both_ways_give_the_same_on_every_real_log(shared_data: Path) -> None:
    """All of them are plain."""
    keep = {*STANDARD_COLUMNS, "amount", "case:channel", "case:AMOUNT_REQ"}
    paths = sorted([*shared_data.rglob("*.xes"), *shared_data.rglob("*.xes.gz")])
    assert len(paths) > 20
    for path in paths:
        assert_taken(path, keep=keep)
