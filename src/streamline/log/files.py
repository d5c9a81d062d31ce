"""Opening files: what kind they are, how they are packed, how their text is encoded; each answer is said."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from streamline.errors import FileFormatError
from streamline.log.raw import shortened

Kind = Literal["text", "json", "parquet", "xes", "xlsx", "sqlite", "zip", "binary"]

CHUNK = 1 << 22
#: A line longer than this is refused: no event log has one, and it would not fit in memory.
LONGEST_LINE = 16 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Marks that stand beside letters in Western European text without being letters themselves.
_BESIDE_LETTERS = "’‘“”–—…™®ªº«»€£§·\u00a0"


def existing_file(path: str | Path) -> Path:
    """The path of a file that is there and isn't empty; else FileFormatError."""
    file = Path(path)
    try:
        if file.is_dir():
            raise FileFormatError(f"{file} is a folder; name a file in it.")
        if not file.exists():
            near = f" The folder {str(file.parent)!r} exists." if file.parent.is_dir() else ""
            raise FileFormatError(
                f"{file} does not exist.{near} Check the path; it is relative to the study file in a study."
            )
        if file.stat().st_size == 0:
            raise FileFormatError(f"{file.name} is empty (0 bytes): the export probably failed; make it again.")
        with file.open("rb"):
            pass
    except OSError as error:
        raise FileFormatError(f"{shortened(file)} can't be opened: {error.strerror}.") from error
    return file


def is_gzip(path: Path) -> bool:
    """Whether the file is packed with gzip, by its first bytes, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def open_unpacked(path: Path) -> IO[bytes]:
    """The bytes of the file, unpacked when it is gzip."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")


def chunks(path: Path) -> Iterator[bytes]:
    """The unpacked bytes, a few megabytes at a time; FileFormatError when the file is cut short or damaged."""
    done = 0
    try:
        with open_unpacked(path) as stream:
            while block := stream.read(CHUNK):
                done += len(block)
                yield block
    except EOFError as error:
        raise FileFormatError(
            f"{path.name} is cut short: the gzip stream ends early, after {done:,} bytes of content. Copy it again."
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FileFormatError(
            f"{path.name} is damaged: gzip says {error} after {done:,} bytes of content. Copy it again."
        ) from error


def kind_of(path: Path) -> Kind:
    """What a file is, by its first bytes."""
    head = b""
    for block in chunks(path):
        head = block[:4096]
        break
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx" if b"[Content_Types].xml" in head or path.suffix == ".xlsx" else "zip"
    if head.startswith(b"SQLite format 3"):
        return "sqlite"
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith((b"<?xml", b"<log", b"<!--")) or (path.suffix == ".xes" and text.startswith(b"<")):
        return "xes"
    if re.match(rb'[{\[]\s*["{\[\]}]', text) and b'":' in re.sub(rb"\s", b"", text):
        return "json"
    if b"\x00" in head and not head.startswith(tuple(mark for mark, _ in _BOMS)):
        return "binary"
    return "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCheck:
    """What a pass over a text file found."""

    encoding: str
    #: How the encoding was found, in words.
    encoding_found: str
    n_lines: int
    sha256: str


def check_text(path: Path, *, encoding: str | None = None) -> TextCheck:
    """Read the whole file once: its encoding, its lines, its digest.

    encoding : the name of an encoding to hold it to; found from the bytes when None. UTF-8 is recognised by being
        valid throughout; another encoding is guessed from the bytes that aren't ASCII, and the guess is said.
    Raises FileFormatError: cut short, damaged, a line over 16 MiB, zero bytes, bytes that aren't the encoding (with
    their line).
    """
    given = None if encoding is None else _known_encoding(encoding)
    digest = hashlib.sha256()
    with path.open("rb") as raw:
        while block := raw.read(CHUNK):
            digest.update(block)
    mark, odd, n_lines, line_length, first_bad = "", bytearray(), 0, 0, 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    first, trailing = True, b"\n"
    for block in chunks(path):
        if first:
            mark = next((name for bom, name in _BOMS if block.startswith(bom)), "")
            first = False
        trailing = block[-1:]
        line_length = _longest_line(path, block, line_length, n_lines)
        wide = (given or mark).startswith(("utf-16", "utf-32"))
        if b"\x00" in block and not wide:
            line = n_lines + block[: block.index(b"\x00")].count(b"\n") + 1
            raise FileFormatError(
                f"{path.name}, line {line:,}: a zero byte, so this isn't text, or it was damaged. Export it again "
                "(as CSV, UTF-8); where it is UTF-16, say so with encoding='utf-16-le'."
            )
        if not first_bad and not wide:
            first_bad = _bad_line(decoder, block, n_lines)
        n_lines += block.count(b"\n")
        if len(odd) < 200_000:
            odd += b"\n".join(line for line in block.split(b"\n") if not line.isascii())[: 200_000 - len(odd)]
    if not first_bad and decoder.getstate()[0]:
        first_bad = n_lines + 1
    n_lines += trailing != b"\n"
    if given is not None:
        found, how = ("utf-8-sig" if (given, mark) == ("utf-8", "utf-8-sig") else given), "as given"
    elif mark:
        found, how = mark, "by its byte-order mark"
    elif not first_bad:
        found, how = "utf-8", "valid throughout"
    else:
        found, how = _guessed(path, bytes(odd), first_bad), "guessed from its letters; check a name with an accent"
    if first_bad or not found.startswith("utf-8"):
        _hold_to(path, found)
    return TextCheck(encoding=found, encoding_found=how, n_lines=n_lines, sha256=digest.hexdigest())


def _known_encoding(name: str) -> str:
    """Python's own name of an encoding of text."""
    try:
        info = codecs.lookup(name)
        if not info._is_text_encoding or info.name == "undefined":
            raise LookupError(name)
    except (LookupError, ValueError) as error:
        raise FileFormatError(f"{name!r} is not an encoding that Python knows; 'utf-8' and 'cp1252' are.") from error
    return info.name


def _bad_line(decoder: codecs.IncrementalDecoder, block: bytes, n_lines: int) -> int:
    """The line of the first byte that isn't of the encoding, or 0."""
    try:
        decoder.decode(block)
    except UnicodeDecodeError as error:
        return n_lines + error.object[: error.start].count(b"\n") + 1
    return 0


def _longest_line(path: Path, block: bytes, before: int, n_lines: int) -> int:
    """Length of the line that the block leaves unfinished; refuses a line that is too long."""
    end = block.find(b"\n")
    longest = before + (len(block) if end < 0 else end)
    if longest > LONGEST_LINE:
        raise FileFormatError(
            f"{path.name}, line {n_lines + 1:,}: the line is longer than {LONGEST_LINE >> 20} MiB. "
            "This isn't a table with one row a line; check the export (a missing line break, or a binary file)."
        )
    return longest if end < 0 else len(block) - block.rfind(b"\n") - 1


def _guessed(path: Path, odd: bytes, first_bad: int) -> str:
    """The likeliest encoding of the lines that aren't ASCII; refuses UTF-8 with a few damaged places."""
    repaired = odd.decode("utf-8", errors="replace")
    damaged = repaired.count("�")
    whole = sum(1 for c in repaired if ord(c) > 127) - damaged
    if whole > 4 * damaged:
        raise FileFormatError(
            f"{path.name}, line {first_bad:,}: bytes that aren't UTF-8, in a file that otherwise is. "
            "Mend that line, or name the encoding, e.g. encoding='cp1252'."
        )
    western = _western(odd)
    if western is not None:
        return western
    from charset_normalizer import from_bytes

    best = from_bytes(odd).best()
    if best is None:
        raise FileFormatError(
            f"{path.name}, line {first_bad:,}: the text is not UTF-8 and no other encoding fits. "
            "Name it, e.g. encoding='cp1252'."
        )
    return best.encoding


def _western(odd: bytes) -> str | None:
    """'cp1252' where the text reads as Western European in it; short samples fool the general guess.

    It does when its accented letters stand singly or in pairs, no capital among them follows a small letter, and no
    sign such as ³ or ¿ stands inside a word: what other alphabets and code pages look like when read as cp1252.
    """
    try:
        text = odd.decode("cp1252")
    except UnicodeDecodeError:
        return None
    strange = re.search(r"[^\W\d_a-zA-Z]{3}|[a-zß-ÿ][À-ÖØ-ÞŠŒŽŸ]", text)
    signs = "".join(sorted({c for c in text if ord(c) > 127 and not c.isalpha() and c not in _BESIDE_LETTERS}))
    if signs:
        strange = strange or re.search(rf"[^\W\d_][{re.escape(signs)}]", text)
    return None if strange else "cp1252"


def _hold_to(path: Path, encoding: str) -> None:
    """Decode the whole file; FileFormatError names the first line that isn't of this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        for block in chunks(path):
            line += decoder.decode(block).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].decode(encoding, errors="replace").count("\n")
        raise FileFormatError(
            f"{path.name}, line {line:,}: byte 0x{error.object[error.start]:02x} isn't {encoding}. "
            "Name another encoding, or mend that line."
        ) from error
    except UnicodeError as error:  # a codec that doesn't say where
        raise FileFormatError(f"{path.name}, line {line:,} or after, isn't {encoding}: {error}.") from error


def text_blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """The text of the file as UTF-8 without a byte-order mark, a few megabytes at a time."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for block in chunks(path):
        yield block if encoding == "utf-8" else decoder.decode(block).encode("utf-8", errors="replace")
    if encoding != "utf-8":
        yield decoder.decode(b"", final=True).encode("utf-8", errors="replace")


def unreadable_kind(path: Path, kind: Kind) -> FileFormatError:
    """The refusal for a kind of file that isn't read, with the way out."""
    what = {
        "xlsx": "is an Excel workbook; save the sheet as CSV (UTF-8)",
        "sqlite": "is an SQLite database. Read a query of it by its address, read_log('sqlite:///…', query='select …'), or an "
        "object-centric log (OCEL 2.0) with read_ocel",
        "json": "is JSON. An object-centric log (OCEL) is read with read_ocel; save other records as CSV or Parquet",
        "zip": "is a zip archive; unpack it and name the file in it",
        "binary": "isn't text (it holds zero bytes); CSV, TSV, Parquet and XES are read, also packed with gzip",
    }.get(kind, "is of an unknown kind")
    return FileFormatError(f"{path.name} {what}.")
