"""Shared by all tests: the folder of real logs beside the checkout, read once each, and small logs written on the spot."""

from __future__ import annotations

import gzip
import importlib
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says nothing here: a kernel is compiled at its first call, and machines are shared.
settings.register_profile("streamline", deadline=None)
settings.load_profile("streamline")

#: Files that share what is dear to make, by what it is: with several processes all of a group run in the same one, so that it
#: is made once. A folder stands for its files.
SHARING = {
    "studies": (
        "tests/browser/test_real_sections.py",
        "tests/privacy/",
        "tests/report/test_standard_over_time.py",
        "tests/test_cli.py",
        "tests/test_golden.py",
        "tests/test_plan.py",
        "tests/test_plan_diagnosis.py",
        "tests/test_plan_wording.py",
        "tests/whatif/test_truth.py",
    ),
    "spark": ("tests/scale/",),
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files, or groups of them, are given to processes as a whole, those of most tests first."""
    from xdist.scheduler import LoadFileScheduling

    class Sharing(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            groups = (name for name, files in SHARING.items() if file.startswith(files))
            return next(groups, file)

    return Sharing(config, log)


SAMPLE_STUDY = Path(__file__).parents[1] / "sample_logs" / "study.yaml"


@pytest.fixture(scope="session")
def sample_section() -> Any:
    """The section of the sample agency, made once for all tests that only read it."""
    from streamline.plan import plan_section

    return plan_section(SAMPLE_STUDY)


@pytest.fixture(scope="session")
def studied(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """`studied(name) -> PlanSection` of the sample agency ("sample") or of a study in tests/studies, each made once a session."""
    from streamline.plan import plan_section

    made: dict[str, Any] = {}

    def section(name: str) -> Any:
        if name == "sample":
            return request.getfixturevalue("sample_section")
        if name not in made:
            request.getfixturevalue("shared_data")
            made[name] = plan_section(SAMPLE_STUDY.parents[1] / "tests" / "studies" / f"{name}.yaml")
        return made[name]

    return section


#: Real logs: name -> arguments of `read_log`; `source` is relative to the folder of real logs.
REAL_LOGS: dict[str, dict[str, Any]] = {
    "receipt": {
        "source": "receipt/receipt.xes.gz",
        "timezone": "Europe/Amsterdam",
        "channel": "case:channel",
        "attributes": ["case:department", "case:group"],
    },
    "road-traffic-fines": {
        "source": "road-traffic-fines/Road_Traffic_Fine_Management_Process.xes.gz",
        "timezone": "Europe/Rome",
    },
    **{f"bpic2015-{k}": {"source": f"bpic2015/BPIC15_{k}.xes.gz", "timezone": "Europe/Amsterdam"} for k in range(1, 6)},
    "bpic2012": {"source": "bpic2012/BPI_Challenge_2012.xes.gz", "timezone": "Europe/Amsterdam"},
    "bpic2012-w": {
        "source": "bpic2012/BPIC_2012_W_start_complete.csv.gz",
        "case": "case_id",
        "activity": "activity",
        "start": "start_time",
        "complete": "end_time",
        "resource": "resource",
        "timezone": "Europe/Amsterdam",
    },
    "bpic2017-w": {
        "source": "bpic2017-w/BPIC_2017_W.csv.gz",
        "case": "case_id",
        "activity": "activity",
        "start": "start_time",
        "complete": "end_time",
        "resource": "resource",
        "timezone": "UTC",
    },
    **{
        f"bpic2020-{name}": {
            "source": f"bpic2020/BPI_2020_{file}.xes.gz",
            "timezone": "Europe/Amsterdam",
            "resource": "org:role",
        }
        for name, file in (
            ("domestic", "DomesticDeclarations"),
            ("international", "InternationalDeclarations"),
            ("permit", "PermitLog"),
            ("prepaid", "PrepaidTravelCost"),
            ("payment", "RequestForPayment"),
        )
    },
    "boston-311": {
        "source": "boston-311-2015/boston_311_2015_158types.csv.gz",
        "case": "CASE_ENQUIRY_ID",
        "activity": "TYPE",
        "start": "OPEN_DT",
        "complete": "CLOSED_DT",
        "resource": "QUEUE",
        "channel": "Source",
        "timezone": "America/New_York",
    },
    "uci-incidents": {
        "source": "uci-servicenow-incidents/incident_event_log.csv.gz",
        "case": "number",
        "activity": "incident_state",
        "complete": "sys_updated_at",
        "resource": "assigned_to",
        "channel": "contact_type",
        "missing": ["?"],
        "timezone": "UTC",
    },
    "hospital-billing": {
        "source": "hospital-billing-10k/hospital_billing_10000cases.csv.gz",
        "case": "case_id",
        "activity": "activity",
        "complete": "timestamp",
        "resource": "resource",
        "timezone": "Europe/Amsterdam",
    },
    "helpdesk": {"source": "helpdesk-italian/Helpdesk.xes.gz", "timezone": "Europe/Rome"},
    "sepsis": {
        "source": "sepsis/SEPSIS.xes.gz",
        "timezone": "Europe/Amsterdam",
        "resource": "org:group",
    },
    "production": {"source": "production/Production.xes.gz", "timezone": "Europe/Helsinki"},
    "purchasing": {"source": "purchasing-example/PurchasingExample.xes.gz", "timezone": "America/New_York"},
}


def _beside(name: str) -> Path:
    folder = Path(__file__).parents[1].parent / "shared" / name
    if folder.is_dir():
        return folder
    said = f"the folder {folder} isn't there"
    if os.environ.get("CI") == "true":
        pytest.fail(said)
    pytest.skip(said)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real logs; tests that need it are skipped without it, and fail in CI."""
    return _beside("data")


@pytest.fixture(scope="session")
def shared_truth() -> Path:
    """The folder of services whose truth is known; tests that need it are skipped without it, and fail in CI."""
    return _beside("truth")


@pytest.fixture(scope="session")
def real_logs() -> dict[str, dict[str, Any]]:
    """`REAL_LOGS`: name -> arguments of `read_log`, `source` relative to `shared_data`."""
    return REAL_LOGS


@pytest.fixture(scope="session")
def real_log(shared_data: Path) -> Callable[[str], Any]:
    """`real_log(name) -> EventLog`, each read once a session."""
    from streamline.log.read import read_log

    read: dict[str, Any] = {}

    def log(name: str) -> Any:
        if name not in read:
            arguments = dict(REAL_LOGS[name])
            read[name] = read_log(shared_data / arguments.pop("source"), **arguments)
        return read[name]

    return log


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """`written(content, name="log.csv") -> Path`: text (as UTF-8) or bytes as a file; packed where the name ends in .gz."""

    def write(content: str | bytes, name: str = "log.csv") -> Path:
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


@pytest.fixture
def read_text(written: Callable[..., Path]) -> Callable[..., Any]:
    """`read_text(content, name="log.csv", **options) -> EventLog` of a small file; its times are of UTC unless said."""
    from streamline.log.read import read_log

    def read(content: str | bytes, name: str = "log.csv", **options: Any) -> Any:
        return read_log(written(content, name), **{"timezone": "UTC", **options})

    return read


@pytest.fixture(scope="session")
def pdf_reading() -> ModuleType:
    """The module `pdf_reading`: `Reading(file)` for what a screen reader finds, `shown(content)` for all words of a file."""
    return importlib.import_module("pdf_reading")
