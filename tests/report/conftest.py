"""The made-up section and its charts, for every renderer's test."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """The module `sample_section`: its charts by name, and `sample_section()`."""
    return importlib.import_module("sample_section")
