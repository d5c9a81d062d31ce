"""Looks at a saved page in a real browser: accessibility, network, width, print.

`check_page(path)` and `act(path, …)` are for tests. From a shell: `python tests/browser/browser.py PAGE.html [SCREENSHOTS]`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
#: Outside the sources, and ignored by git.
CACHE = HERE.parents[1] / "build" / "browser"


def missing_tools() -> str:
    """Why the check can't run here; empty when it can."""
    absent = [tool for tool in ("chromium", "node", "npm") if shutil.which(tool) is None]
    return f"needs {', '.join(absent)} on the PATH" if absent else ""


def check_page(path: str | Path, *, screenshots: str | Path | None = None) -> dict[str, Any]:
    """Open a page at 320, 768 and 1280 pixels, light and dark, and in print.

    path : the HTML file.
    screenshots : an existing folder for a PNG of each view and a PDF of each paper size.

    Returns `violations` and `incomplete` (axe-core), `requests` (all but the page itself), `console` (errors
    and warnings), `widths` (one entry a view) and `print`.
    Raises RuntimeError when a tool is missing or the browser fails.
    """
    problem = missing_tools()
    if problem:
        raise RuntimeError(problem)
    command = [_tool("node"), str(HERE / "axe_check.cjs"), str(path), _tool("chromium"), str(_installed())]
    if screenshots:
        command.append(str(screenshots))
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"the browser check failed:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def act(path: str | Path, *steps: tuple[str, Any], **options: Any) -> dict[str, Any]:
    """Act on a page as a person would: `("press", "Tab")`, `("click", selector)`, `("read", expression)`; see act.cjs.

    options : `width` and `height` in pixels, `scheme` (light or dark), `script` (False for a page without script).

    Returns what each `read` and `texts` found, in order, `requests` and `console`, as `check_page` does.
    """
    problem = missing_tools()
    if problem:
        raise RuntimeError(problem)
    told = json.dumps({"steps": steps, **options})
    command = [_tool("node"), str(HERE / "act.cjs"), str(path), _tool("chromium"), str(_installed()), told]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"acting on the page failed:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def pictures(path: str | Path, folder: str | Path, *, width: int, scheme: str) -> list[dict[str, Any]]:
    """Each SVG that a page shows, with its text in black, in white and left out, as PNG files in this folder."""
    command = [_tool("node"), str(HERE / "contrast.cjs"), str(path), _tool("chromium"), str(_installed()), str(folder)]
    command += [str(width), scheme]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"taking pictures failed:\n{done.stderr}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _tool(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed"
    return found


def _installed() -> Path:
    """The folder that holds node_modules for this lock file; installed when it isn't there yet."""
    lock = HERE / "package-lock.json"
    seen = CACHE / "installed-lock.json"
    if not (CACHE / "node_modules").is_dir() or not seen.exists() or seen.read_bytes() != lock.read_bytes():
        CACHE.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(HERE / name, CACHE / name)
        install = [_tool("npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(install, cwd=CACHE, check=True, capture_output=True, timeout=600)
        shutil.copyfile(lock, seen)
    return CACHE


if __name__ == "__main__":
    print(json.dumps(check_page(*sys.argv[1:2], screenshots=(sys.argv[2:3] or [None])[0]), indent=1))
