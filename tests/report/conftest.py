"""The made-up section and its charts, for every renderer's test."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """The module `sample_section`: its charts by name, and `sample_section()`."""
    return importlib.import_module("sample_section")


@pytest.fixture(scope="session")
def sliders() -> ModuleType:
    """The module `sample_sliders`: a table with sliders by name, and `section_with_sliders()`."""
    return importlib.import_module("sample_sliders")
