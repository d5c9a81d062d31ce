"""The browser check, and the made-up section as a saved page."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
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
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def browser() -> ModuleType:
    """The module `browser`; without a browser the test is skipped, but in CI it fails."""
    browser = load("browser_check", HERE / "browser.py")
    problem = browser.missing_tools()
    if problem and os.environ.get("CI") == "true":
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)
    return browser


@pytest.fixture(scope="session")
def check_page(browser):
    """`check_page(path) -> dict`."""
    return browser.check_page


@pytest.fixture(scope="session")
def act(browser):
    """`act(path, *steps, **options) -> dict`."""
    return browser.act


@pytest.fixture(scope="session")
def contrast() -> ModuleType:
    """The module `contrast`."""
    return load("contrast", HERE / "contrast.py")


@pytest.fixture(scope="session")
def sliders() -> ModuleType:
    """The module `sample_sliders` of the tests of the renderers."""
    sys.path.insert(0, str(HERE.parent / "report"))
    return importlib.import_module("sample_sliders")


@pytest.fixture(scope="session")
def moving_page(sliders, tmp_path_factory) -> Path:
    """A page with sliders, a table that sorts and a map that zooms, saved."""
    from streamline.report.to_html import to_html

    path = tmp_path_factory.mktemp("page") / "section.html"
    path.write_text(to_html(sliders.section_with_sliders()), encoding="utf-8")
    return path


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
