"""The template that a study names: read before anything is computed, and refused in words."""

from __future__ import annotations

import io

import pytest
from docx import Document

from streamline.errors import OutputError, StudyError
from streamline.plan import word_template
from streamline.study import read_study

STUDY = """
study: {title: Permits, agency: Agency, service: Service}
log: {path: events.csv, case: case, activity: step, complete: at, timezone: UTC}
report: {template: agency.docx}
"""


def study(tmp_path, content: bytes | None):
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    if content is not None:
        (tmp_path / "agency.docx").write_bytes(content)
    return read_study(path), path


def test_it_lies_beside_the_study_file(tmp_path):
    stream = io.BytesIO()
    Document().save(stream)
    plan, path = study(tmp_path, stream.getvalue())
    assert word_template(plan, path) == stream.getvalue()


def test_one_that_is_not_there_is_named_with_its_field(tmp_path):
    plan, path = study(tmp_path, None)
    with pytest.raises(StudyError, match=r"report\.template: .*agency\.docx can't be read: No such file"):
        word_template(plan, path)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"PK\x03\x04"])
def test_one_that_is_no_word_document_is_refused_with_what_to_do(tmp_path, content):
    plan, path = study(tmp_path, content)
    with pytest.raises(OutputError, match=r"agency\.docx isn't a Word document \(\.docx\); save it as one in Word"):
        word_template(plan, path)
