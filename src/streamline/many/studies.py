"""Which studies a batch is made of, and the folder of each.

A study is called by its file: `permits.yaml` is `permits`; a file that is called `study.yaml` goes by its folder. So a study
keeps its folder whatever else is in the batch. Two studies that would share one are refused.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamline.errors import OutputError, StudyError, listed
from streamline.study import slug

#: What a study's file ends in, where a folder is given.
ENDINGS = (".yaml", ".yml")
#: A file of this name says nothing of its study; its folder does.
PLAIN = "study"
#: Files of the batch itself begin with this name, so no study may have it.
SUMMARY = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStudy:
    """One study of a batch."""

    #: In lower case, of letters, digits and underscores; its folder is called so.
    name: str
    file: Path


def batch_studies(given: str | Path | Sequence[str | Path]) -> tuple[BatchStudy, ...]:
    """The studies that were asked for, each once, in the order of their names.

    given : files; folders, which stand for every `.yaml` and `.yml` file in them and in the folders below, hidden ones left out;
        and patterns such as `offices/*/study.yaml`. A file need not be there: its study then fails as any other may.

    Raises StudyError for a folder or pattern without any file, OutputError for studies that would share a folder.
    """
    several = [given] if isinstance(given, (str, Path)) else given
    files: dict[Path, Path] = {}
    for one in several:
        for file in _files(str(one)):
            files.setdefault(file.resolve(), file)
    found = sorted((BatchStudy(name=_name(file), file=file) for file in files.values()), key=lambda s: s.name)
    if not found:
        raise StudyError("the batch", ["no study was named; name files, folders or patterns"])
    for name in dict.fromkeys(s.name for s in found):
        same = [str(s.file) for s in found if s.name == name]
        if not name or name == SUMMARY or name.startswith(f"{SUMMARY}_"):
            raise OutputError(
                f"The study in {listed(same)} can't have a folder called {name!r}: the summary's files are. Rename the "
                "study's file."
            )
        if len(same) > 1:
            raise OutputError(
                f"{len(same):,} studies would be written to one folder, {name!r}: {listed(same)}. Rename a file, or run them in "
                "batches of their own."
            )
    return tuple(found)


def _files(given: str) -> Iterator[Path]:
    path = Path(given)
    if path.is_dir():
        below = (p for ending in ENDINGS for p in path.rglob(f"*{ending}"))
        some = sorted(p for p in below if p.is_file() and not _hidden(p.relative_to(path)))
        if not some:
            raise StudyError(given, [f"the folder holds no study (no file ends in {' or '.join(ENDINGS)})"])
        yield from some
    elif path.exists() or not glob.has_magic(given):
        yield path
    else:
        matched = sorted(Path(p) for p in glob.glob(given, recursive=True))  # noqa: PTH207 (of any root)
        if not matched:
            raise StudyError(given, ["no file matches this pattern"])
        for one in matched:
            yield from _files(str(one)) if one.is_dir() else [one]


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _name(file: Path) -> str:
    whole = file.resolve()
    return slug(whole.parent.name if whole.stem == PLAIN else whole.stem)
