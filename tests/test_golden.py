"""The sample agency's findings, word for word and number for number, against a committed file.

When a change of the findings is meant, renew the file with `STREAMLINE_RENEW_GOLDEN=1 make test` and read its diff.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "sample_findings.json"


def rounded(value: Any) -> Any:
    """Floats to nine significant digits, so that another library's last bit is no difference."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def test_the_sample_agencys_findings_are_as_committed(sample_section):
    document = sample_section.document()
    made = {f["id"]: rounded(f) for f in document["findings"]}
    if os.environ.get("STREAMLINE_RENEW_GOLDEN") == "1":
        GOLDEN.write_text(json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert sorted(made) == sorted(golden)
    for name, finding in golden.items():
        assert made[name] == finding, name
