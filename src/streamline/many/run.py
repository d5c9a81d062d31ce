"""Runs many studies: side by side, each in a process of its own; what is finished stays; one that fails stops no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from streamline.errors import StreamlineError
from streamline.findings import read_findings
from streamline.machine import MOST_PROCESSORS, free_memory, n_processors
from streamline.many.finished import inputs_of, why_run
from streamline.many.leftovers import clear_leftovers, held_folder
from streamline.many.studies import SUMMARY, BatchStudy, batch_studies
from streamline.many.summary import check_summary, finish_summary, summary_files, write_summary
from streamline.many.worker import BAD_INPUT
from streamline.output import check_folder
from streamline.report.services import Service, ServicesCompared, services_compared
from streamline.study import read_study

State = Literal["done", "kept", "failed"]
#: Memory that a study takes: so much, and so many times the size of its records. Measured: 0.76 GB with 3.4 MB of events.
_BYTES, _TIMES = 800_000_000, 25
_PAUSE_SECONDS = 0.05
#: What libraries of numbers are told: one thread each, so that sums are added in one order however many studies run at once.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one study."""

    name: str
    file: Path
    #: "done" now, "kept" from an earlier run whose inputs were the same, or "failed".
    state: State
    #: 0 · 2 bad input, or it could not be run · 3 too many rows can't be used.
    code: int
    #: None where it failed.
    n_findings: int | None
    #: Why it was run, or why it failed; empty where it was kept.
    message: str
    #: Elapsed time; 0 where it was kept.
    seconds: float
    #: Where an error came from that isn't foreseen; empty else.
    trace: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class Batch:
    """What came of a batch: each study's outcome, in the order of their names, and the services beside each other."""

    folder: Path
    outcomes: tuple[Outcome, ...]
    services: ServicesCompared
    #: The summary as in summary.json: the same bytes whoever ran what, and when.
    document: dict[str, Any]

    @property
    def code(self) -> int:
        """The worst of the studies' codes, 0 when all are there."""
        return max((o.code for o in self.outcomes), default=0)

    def counts(self) -> dict[str, int]:
        """How many studies were done, kept, and failed."""
        return {state: sum(o.state == state for o in self.outcomes) for state in ("done", "kept", "failed")}

    def to_dict(self) -> dict[str, Any]:
        """As printed with --json: the summary, and of this run what was done and how long it took."""
        run = [
            {"name": o.name, "state": o.state, "seconds": round(o.seconds, 1), "why": o.message, "trace": o.trace}
            for o in self.outcomes
        ]
        return {**self.document, "run": run}

    def __repr__(self) -> str:
        return f"<Batch in {self.folder}: {', '.join(f'{n} {state}' for state, n in self.counts().items())}>"


def batch(
    studies: str | Path | Sequence[str | Path],
    *,
    output: str | Path,
    processes: int | None = None,
    again: bool = False,
    progress: Callable[[Outcome], None] | None = None,
) -> Batch:
    """Run many studies, each into a folder of its own, and write one summary of all.

    studies : study files, folders of them, patterns; see `batch_studies`.
    output : the folder. A study goes to `output/<name>/`, the summary to `output/summary.html` and beside it. A study that is
        finished there (`finished.why_run`) isn't run again, so an interrupted batch is gone on with by the same call.
    processes : how many studies run at the same time; without it as many as there are processors, and as memory has room for.
        The files are the same whatever it is.
    again : run them all, finished or not.
    progress : told of each study when it is there, or failed.

    A study that fails stops no other; its outcome says why. Raises StudyError and OutputError for what can't be begun at all: no
    study, two with one folder, a folder that holds others' files, another batch at work in it. ValueError for no process.
    """
    if processes is not None and processes < 1:
        raise ValueError(f"processes is {processes}; it must be at least 1.")
    chosen, folder = batch_studies(studies), Path(output)
    with held_folder(folder) as lock:
        clear_leftovers(folder, [s.name for s in chosen])
        finish_summary(folder)
        check_summary(folder)
        runs = _Runs(folder=folder, lock=lock, told=progress or (lambda _: None))
        outcomes = runs.all(chosen, processes=processes, again=again)
        compared = services_compared(
            [_service(folder, s) for s, o in zip(chosen, outcomes, strict=True) if o.code == 0]
        )
        files, document = summary_files(folder, outcomes, compared)
        write_summary(folder, files)
    return Batch(folder=folder, outcomes=outcomes, services=compared, document=document)


def _service(folder: Path, study: BatchStudy) -> Service:
    about = read_study(study.file).study
    return Service(
        name=study.name,
        agency=about.agency,
        service=about.service,
        findings=read_findings(folder / study.name / "findings.json"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    study: BatchStudy
    why: str
    process: subprocess.Popen[bytes]
    said: IO[bytes]
    began: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    """The processes of a batch."""

    folder: Path
    #: File descriptor of the folder's lock; the processes hold it too.
    lock: int
    told: Callable[[Outcome], None]

    def all(self, studies: Sequence[BatchStudy], *, processes: int | None, again: bool) -> tuple[Outcome, ...]:
        found: dict[str, Outcome] = {}
        waiting: list[tuple[BatchStudy, str]] = []
        for study in studies:
            place = self.folder / study.name
            why = "all are run again" if again else why_run(place, study.file)
            if not why:
                self._note(found, _kept(place, study))
                continue
            try:
                check_folder(place)
            except StreamlineError as error:
                self._note(found, _failed(study, str(error)))
                continue
            waiting.append((study, why))
        at_once = processes or fitting_processes([s.file for s, _ in waiting])
        running: list[_Running] = []
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    running.append(self._begin(*waiting.pop(0), at_once=at_once))
                for run in [r for r in running if r.process.poll() is not None]:
                    running.remove(run)
                    self._note(found, _outcome(run))
                if running:
                    time.sleep(_PAUSE_SECONDS)
        finally:  # also when this batch is interrupted: nothing stays at work, nothing half-written
            for run in running:
                run.process.kill()
            for run in running:
                run.process.wait()
            clear_leftovers(self.folder, [r.study.name for r in running])
        return tuple(found[s.name] for s in studies)

    def _note(self, found: dict[str, Outcome], outcome: Outcome) -> None:
        found[outcome.name] = outcome
        self.told(outcome)

    def _begin(self, study: BatchStudy, why: str, *, at_once: int) -> _Running:
        each = str(max(1, n_processors() // at_once))
        said = tempfile.TemporaryFile()  # noqa: SIM115 (it is read when the process has ended)
        process = subprocess.Popen(
            [sys.executable, "-m", "streamline.many.worker", str(study.file), str(self.folder / study.name)],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1"), "NUMBA_NUM_THREADS": each, MOST_PROCESSORS: each},
            pass_fds=[self.lock],
            start_new_session=True,  # a terminal's interruption reaches the batch alone, which ends them
        )
        return _Running(study=study, why=why, process=process, said=said, began=time.monotonic())


def _outcome(run: _Running) -> Outcome:
    """What came of a study whose process has ended."""
    if run.process.stdin is not None:
        run.process.stdin.close()
    seconds = time.monotonic() - run.began
    with run.said as stream:
        stream.seek(0)
        lines = stream.read().decode(errors="replace").splitlines()
    try:
        came: Any = json.loads(lines[-1])
        if not isinstance(came, dict):
            raise ValueError
    except (ValueError, IndexError):
        return _failed(run.study, _ended(run.process.returncode), seconds=seconds, trace="\n".join(lines[-40:]))
    if "message" in came:
        return _failed(
            run.study, str(came["message"]), code=int(came["code"]), seconds=seconds, trace=str(came.get("trace", ""))
        )
    return Outcome(
        name=run.study.name, file=run.study.file, state="done", code=0, n_findings=int(came["findings"]), message=run.why,
        seconds=seconds,
    )  # fmt: skip


def _ended(code: int) -> str:
    if code >= 0:
        return f"Its process ended without a word (exit code {code})."
    name = signal.Signals(-code).name
    return (
        f"Its process was ended from outside ({name}), as happens when memory runs out; run fewer at the same time "
        "(--processes)."
    )


def _failed(
    study: BatchStudy, message: str, *, code: int = BAD_INPUT, seconds: float = 0.0, trace: str = ""
) -> Outcome:
    return Outcome(
        name=study.name, file=study.file, state="failed", code=code, n_findings=None, message=message, seconds=seconds,
        trace=trace,
    )  # fmt: skip


def _kept(place: Path, study: BatchStudy) -> Outcome:
    n = len(read_findings(place / "findings.json"))
    return Outcome(name=study.name, file=study.file, state="kept", code=0, n_findings=n, message="", seconds=0.0)


def fitting_processes(files: Sequence[Path]) -> int:
    """How many of these studies run at the same time: as many as there are processors, while the largest fit into memory."""
    needs = sorted((_need(file) for file in files), reverse=True)
    room, fitting = free_memory(), 0
    for need in needs[: n_processors()]:
        room -= need
        if room < 0:
            break
        fitting += 1
    return max(1, fitting)


def _need(file: Path) -> int:
    """Memory that a study takes, by the size of its files of records; those of packed ones count tenfold."""
    try:
        paths = inputs_of(read_study(file), file).values()
        return _BYTES + _TIMES * sum(_size(p) for p in paths)
    except (StreamlineError, OSError):
        return _BYTES


def _size(path: Path) -> int:
    size = path.stat().st_size
    return 10 * size if path.suffix == ".gz" else size


__all__ = ["SUMMARY", "Batch", "Outcome", "batch", "fitting_processes"]
