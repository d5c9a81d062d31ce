"""Progress: who is told what, on a terminal and elsewhere."""

from __future__ import annotations

import io
import threading
import time

import pandas as pd
import pytest

import streamline as sl
from streamline import progress, terminal
from streamline.progress import Progress, as_progress
from streamline.whatif import draws


def test_a_function_is_told_of_stages_only():
    said: list[str] = []
    tell = as_progress(said.append)
    tell("measuring")
    tell.step(1, 2)
    tell.close()
    assert said == ["measuring"]
    assert isinstance(as_progress(None), Progress)
    assert as_progress(tell) is tell


def test_elsewhere_a_line_a_stage(capsys):
    tell = terminal.on_stderr(quiet=False)
    tell("measuring")
    tell.step(1, 2)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "  measuring …\n")
    quiet = terminal.on_stderr(quiet=True)
    quiet("measuring")
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_a_bar_with_the_time_left(monkeypatch):
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Tty()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    tell = terminal.on_stderr(quiet=False)
    tell("estimating 2 scenarios")
    for done in range(1, 4):
        tell.step(done, 40)
    tell("estimating [bold]them[/bold] together")
    tell.close()
    shown = screen.getvalue()
    assert "estimating 2 scenarios …" in shown
    assert "3/40" in shown
    assert "left:" in shown
    assert "[bold]them[/bold]" in shown


def test_an_interruption_waits_for_the_draws_at_work_only():
    """Of a thousand draws those that have begun are ended; the rest never begin."""
    begun: list[int] = []
    lock = threading.Lock()

    def one(draw: int) -> int:
        with lock:
            begun.append(draw)
        time.sleep(0.01)
        return draw

    found = draws._each(one, range(1000), 2)
    assert next(found) == 0
    with pytest.raises(KeyboardInterrupt):
        found.throw(KeyboardInterrupt)
    n = len(begun)
    time.sleep(0.05)
    assert len(begun) == n < 100


class Screen(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch):
    made = Screen()
    # while the test runs, not before: pytest puts its own stderr in place once fixtures are made
    made.begin = lambda: monkeypatch.setattr("sys.stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    yield made
    sl.set_progress(True)


def test_on_a_terminal_a_slow_stage_shows_a_bar_and_takes_it_away(screen):
    screen.begin()
    with progress.shown_if_slow("estimating") as step:
        step(1, 40)
        time.sleep(0.3)
        step(3, 40)
        time.sleep(0.3)
    shown = screen.getvalue()
    assert "estimating …" in shown
    assert "3/40" in shown
    assert "left:" in shown
    assert shown.endswith("\x1b[1A\x1b[2K")  # a line up, and cleared


def test_a_quick_stage_shows_nothing(screen, monkeypatch):
    screen.begin()
    monkeypatch.setattr(progress, "PATIENCE", 5.0)
    with progress.shown_if_slow("reading") as step:
        step(1, 2)
    assert screen.getvalue() == ""


def test_a_stage_without_steps_is_shown_too(screen):
    screen.begin()

    @progress.told_if_slow("reading [bold]the log[/bold]")
    def read(path: str) -> str:
        time.sleep(0.3)
        return path

    assert read("x") == "x"
    assert "reading [bold]the log[/bold] …" in screen.getvalue()
    assert read.__name__ == "read"


def test_set_progress_keeps_everything_quiet(screen):
    screen.begin()
    sl.set_progress(False)
    with progress.shown_if_slow("reading") as step:
        time.sleep(0.2)
        step(1, 2)
    with progress.in_charge(None) as tell:
        tell("measuring")
    assert screen.getvalue() == ""
    with pytest.raises(TypeError, match="True or False"):
        sl.set_progress("no")


def test_of_calls_within_calls_only_the_outermost_is_shown(screen):
    screen.begin()
    said: list[str] = []
    with progress.in_charge(said.append) as tell:
        tell("estimating")
        with progress.shown_if_slow("inside"):
            time.sleep(0.2)
    assert said == ["estimating"]
    assert screen.getvalue() == ""
    with progress.shown_if_slow("outer"), progress.shown_if_slow("inner"):
        time.sleep(0.3)
    assert "outer" in screen.getvalue()
    assert "inner" not in screen.getvalue()


def test_a_failing_stage_takes_its_bar_away(screen):
    screen.begin()

    @progress.told_if_slow("reading")
    def fails() -> None:
        time.sleep(0.2)
        raise KeyError("x")

    with pytest.raises(KeyError):
        fails()
    written = len(screen.getvalue())
    time.sleep(0.3)
    assert len(screen.getvalue()) == written


def test_a_script_without_a_terminal_stays_quiet(capsys, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    with progress.shown_if_slow("reading"):
        time.sleep(0.1)
    with progress.in_charge(None) as tell:
        tell("measuring")
        tell.step(1, 2)
    assert capsys.readouterr() == ("", "")


def test_in_a_notebook_one_line_is_written_over(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "_in_notebook", lambda: True)
    monkeypatch.setattr(terminal.InNotebook, "EVERY", 0.0)
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    with progress.shown_if_slow("estimating") as step:
        time.sleep(0.1)
        step(10, 40)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "estimating … 10/40, about " in err
    last = err.split("\r")[-1]
    assert last.startswith("  estimating: took ")
    assert len(last.rstrip("\n")) >= len("  estimating … 10/40, about ")  # nothing of the longer line is left behind it


def test_estimates_tell_what_they_were_given():
    rows = [(f"c{k}", a, pd.Timestamp("2025-01-06", tz="UTC") + pd.Timedelta(hours=5 * k + i))
            for k in range(80) for i, a in enumerate("AB")]  # fmt: skip
    log = sl.read_log(pd.DataFrame(rows, columns=["c", "a", "t"]), case="c", activity="a", complete="t")
    model = sl.fit_replay(log)
    told: list[tuple[int, int]] = []
    sl.estimates(model, [sl.Proposal(name="x", changes=[sl.ChangeDemand(by=0.1)])], draws=20,
                 progress=lambda done, of: told.append((done, of)))  # fmt: skip
    assert (20, 20) in told
