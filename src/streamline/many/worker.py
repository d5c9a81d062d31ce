"""One study of a batch in a process of its own: `python -m streamline.many.worker STUDY FOLDER`.

A process of its own can be killed, or run out of memory, without taking the others along. What came of the study is one line
of JSON on stdout. The batch holds the other end of stdin and writes nothing to it: when that end closes, the batch is gone, and
this process goes too, so that a killed batch leaves nothing at work behind it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from streamline.errors import DataQualityError, StreamlineError

#: Exit codes: bad input, and rows past the gate; the same as of the command line.
BAD_INPUT, QUALITY = 2, 3


def run_study(file: Path, folder: Path) -> dict[str, Any]:
    """Run a study, write its section, and say what came of it: {"findings"}, or {"code", "message"} and, of an error that isn't
    one of ours, "trace"."""
    from streamline.plan import plan_section

    try:
        section = plan_section(file)
        section.save(folder)
    except StreamlineError as error:
        return {"code": QUALITY if isinstance(error, DataQualityError) else BAD_INPUT, "message": str(error)}
    except MemoryError:
        return {
            "code": BAD_INPUT,
            "message": "There isn't enough memory for this study; run fewer at the same time (--processes).",
        }
    except Exception as error:  # whatever it is, the other studies go on
        said = f"It failed with an error that isn't foreseen: {type(error).__name__}: {error}"
        return {"code": BAD_INPUT, "message": said, "trace": traceback.format_exc()}
    return {"findings": len(section.findings)}


def _leave_with_the_batch() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    """The process."""
    threading.Thread(target=_leave_with_the_batch, daemon=True).start()
    sys.stdout.write(json.dumps(run_study(Path(sys.argv[1]), Path(sys.argv[2]))) + "\n")
    sys.stdout.flush()
    os._exit(0)  # the thread that waits for the batch would hold the end up


if __name__ == "__main__":
    main()
