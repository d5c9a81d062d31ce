"""One Spark session for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.scale.local_cluster import cluster


@pytest.fixture(scope="session")
def session() -> Iterator[Any]:
    with cluster() as spark:
        yield spark
