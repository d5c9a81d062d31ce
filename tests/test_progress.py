"""Progress: who is told what, on a terminal and elsewhere."""

from __future__ import annotations

import io
import threading
import time

import pytest

from streamline import terminal
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
