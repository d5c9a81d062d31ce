"""Which studies a batch is made of, and what their folders are called."""

from __future__ import annotations

import pytest

from streamline.errors import OutputError, StudyError
from streamline.many.studies import batch_studies


def test_files_folders_and_patterns_each_study_once(services, tmp_path):
    folder = services("alder", "birch")
    (folder / "Permits 2025.yml").write_text("")
    (folder / ".hidden.yaml").write_text("")
    named = [folder, folder / "alder" / "study.yaml", str(folder / "*" / "study.yaml")]
    assert [s.name for s in batch_studies(named)] == ["alder", "birch", "permits_2025"]


def test_two_studies_of_one_folder_are_refused(services):
    folder = services("alder")
    (folder / "alder.yaml").write_text("")
    with pytest.raises(OutputError, match=r"one folder, 'alder': .*study\.yaml.*alder\.yaml"):
        batch_studies(folder)


def test_a_study_called_like_the_summary_is_refused(services):
    with pytest.raises(OutputError, match="the summary's files are"):
        batch_studies(services("summary"))


def test_nothing_to_run_is_said(tmp_path):
    with pytest.raises(StudyError, match="no study"):
        batch_studies(tmp_path)
    with pytest.raises(StudyError, match="no file matches"):
        batch_studies(str(tmp_path / "*.yaml"))
