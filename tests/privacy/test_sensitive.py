"""Attributes that a study names as sensitive: nothing is told by them in any file, and a study that would is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from small_office import Office
from streamline.errors import StudyError
from streamline.study import json_schema, read_study

WORDS = ("faith", "orthodox", "lutheran")
STUDY = """\
study: {title: T, agency: A, service: S}
log: {path: e.csv, channel: channel, attributes: [channel, district, household]}
scenarios:
  - name: Families first
    changes: [{kind: express_lane, where: {household: family}}]
"""


def test_nothing_is_told_by_a_sensitive_attribute(tmp_path, pdf_reading):
    """The attribute makes cases slow and loop: without the rule it stands in several files, with it in none."""
    told = Office().plan(tmp_path / "told").files()
    assert sum("orthodox" in pdf_reading.shown(content) for content in told.values()) > 5
    kept = Office(study={"privacy": {"sensitive": ["faith"]}}).plan(tmp_path / "kept")
    assert "faith" not in kept.analysis.whole.attributes
    for name, content in kept.files().items():
        assert not [w for w in WORDS if re.search(rf"\b{w}\b", pdf_reading.shown(content), re.IGNORECASE)], name
    assert "1 attribute of the cases that the study names as sensitive took no part" in kept.files()["section.md"]


@pytest.mark.parametrize(
    ("sensitive", "said"),
    [
        ("houshold", "line 6: privacy: sensitive: 'houshold' isn't among the log's attributes. Did you mean 'household'?"),
        ("channel", "'channel' is the log's channel too"),
        ("household", "Families first chooses cases by 'household' (where)"),
    ],
)  # fmt: skip
def test_a_study_that_would_tell_of_it_is_refused(tmp_path: Path, sensitive: str, said: str):
    file = tmp_path / "study.yaml"
    file.write_text(f"{STUDY}privacy: {{sensitive: [{sensitive}]}}\n", encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_study(file)
    assert re.sub(r"\W+", " ", said).lower() in re.sub(r"\W+", " ", str(caught.value)).lower(), str(caught.value)


def test_the_schema_knows_the_key():
    assert json_schema()["$defs"]["Privacy"]["properties"]["sensitive"]["type"] == "array"
