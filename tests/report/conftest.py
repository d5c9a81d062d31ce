"""The made-up section and its charts, for every renderer's test."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """The module `sample_section`: its charts by name, and `sample_section()`."""
    path = Path(__file__).with_name("sample_section.py")
    spec = importlib.util.spec_from_file_location("sample_section", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
