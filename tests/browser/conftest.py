"""The browser check, and the made-up section as a saved page."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


def load(name: str, path: Path) -> ModuleType:
    """A helper module beside the tests."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def check_page():
    """`check_page(path) -> dict`; without a browser the test is skipped, but in CI it fails."""
    browser = load("browser_check", HERE / "browser.py")
    problem = browser.missing_tools()
    if problem and os.environ.get("CI") == "true":
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)
    return browser.check_page


@pytest.fixture(scope="session")
def saved_section(tmp_path_factory) -> Path:
    """The sample section, rendered and saved."""
    from streamline.report.to_html import to_html

    sample = load("sample_section_for_browser", HERE.parent / "report" / "sample_section.py")
    path = tmp_path_factory.mktemp("page") / "section.html"
    path.write_text(to_html(sample.sample_section()), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def browser_tools():
    """`browser_tools() -> [node, chromium, folder of node_modules]`, as for `check_page`."""
    browser = load("browser_tools_check", HERE / "browser.py")
    problem = browser.missing_tools()
    if problem and os.environ.get("CI") == "true":
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)
    return lambda: [browser._tool("node"), browser._tool("chromium"), str(browser._installed())]
