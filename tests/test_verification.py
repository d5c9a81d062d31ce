"""A published section against its records: twenty planted changes are each found and named, and nothing else is."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from docx import Document

from streamline.cli import app
from streamline.errors import OutputError, StudyError
from streamline.output import write_whole
from streamline.plan import plan_section
from streamline.verification import compared, verify

SAMPLE = Path(__file__).parents[1] / "sample_logs"


def head_of(source: Path, target: Path, cases: set[str] | None = None) -> set[str]:
    """The rows of a tenth of the cases; returns their ids."""
    lines = source.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("application")
    ids = list(dict.fromkeys(line.split(",")[column] for line in lines[1:]))
    kept = set(ids[::8]) if cases is None else cases
    target.write_text(
        "\n".join([lines[0], *(x for x in lines[1:] if x.split(",")[column] in kept)]) + "\n", encoding="utf-8"
    )
    return kept


@pytest.fixture(scope="module")
def records(tmp_path_factory) -> Path:
    """A study of a few hundred cases with one scenario and few draws."""
    folder = tmp_path_factory.mktemp("records")
    cases = head_of(SAMPLE / "events.csv", folder / "events.csv")
    head_of(SAMPLE / "calls.csv", folder / "calls.csv", cases)
    head_of(SAMPLE / "survey.csv", folder / "survey.csv", cases)
    study = yaml.safe_load((SAMPLE / "study.yaml").read_text(encoding="utf-8"))
    study["scenarios"] = study["scenarios"][1:2]
    study["simulation"] = {"draws": 20, "seed": 1}
    study["report"] = {"template": "agency.docx", "contact": {"name": "Data office", "email": "data@agency.example"}}
    Document().save(folder / "agency.docx")
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def section(records):
    return plan_section(records / "study.yaml")


@dataclass(frozen=True)
class Made:
    """A section whose files are made once."""

    findings: tuple
    made: dict

    def files(self):
        return self.made


@pytest.fixture(scope="module")
def again(section):
    return Made(section.findings, section.files())


@pytest.fixture(scope="module")
def published(records, again) -> Path:
    return write_whole(records / "out", again.files())


@pytest.fixture
def copied(published, tmp_path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "out"))


def test_what_was_published_agrees(published, again):
    found = compared(published, again)
    assert found.agrees
    assert found.differences == ()
    assert (found.n_inputs, found.n_findings) == (5, len(again.findings))
    catalog = json.loads((published / "data.json").read_text(encoding="utf-8"))
    assert catalog["dataset"][0]["contactPoint"]["hasEmail"] == "mailto:data@agency.example"
    assert found.n_files == len([p for p in published.rglob("*") if p.is_file()])


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def edit(path: Path, alter) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    alter(document)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def finding(document, id_="baseline.cycle_time.mean"):
    return next(f for f in document["findings"] if f["id"] == id_)


def with_digest(folder: Path, name: str) -> None:
    """What somebody would do who knows of the digests: write the new one into the provenance."""
    import hashlib

    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    edit(folder / "provenance.json", lambda d: d["files"].update({name: digest}))


def flipped(path: Path, at: int = -40) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def last_digit(document) -> None:
    f = finding(document)
    f["value"] = f["value"] * (1 + 1e-9)


#: What is planted, and which difference must be named: (kind, name).
PLANTED = {
    "a letter of the page": (lambda d: change(d / "section.html", "cycle", "cicle"), ("file", "section.html")),
    "the page with its digest": (
        lambda d: (change(d / "section.html", "cycle", "cicle"), with_digest(d, "section.html")), ("file", "section.html"),
    ),
    "a word of the text": (lambda d: change(d / "section.md", "days", "hours"), ("file", "section.md")),
    "a digit of a table": (lambda d: change(d / "tables/baseline.csv", "1", "2"), ("file", "tables/baseline.csv")),
    "a table with its digest": (
        lambda d: (change(d / "tables/rework.csv", "0", "1"), with_digest(d, "tables/rework.csv")), ("file", "tables/rework.csv"),
    ),
    "an empty line in a table": (
        lambda d: (d / "tables/waiting.csv").write_bytes((d / "tables/waiting.csv").read_bytes() + b"\n"),
        ("file", "tables/waiting.csv"),
    ),
    "a table gone": (lambda d: (d / "tables/bottlenecks.csv").unlink(), ("file", "tables/bottlenecks.csv")),
    "a file put there": (lambda d: (d / "tables/extra.csv").write_text("a\n"), ("file", "tables/extra.csv")),
    "a bit of the PDF": (lambda d: flipped(d / "section.pdf"), ("file", "section.pdf")),
    "a bit of the Word document": (lambda d: flipped(d / "section.docx"), ("file", "section.docx")),
    "a finding's number": (
        lambda d: edit(d / "findings.json", lambda x: finding(x).update(value=1.0)), ("finding", "baseline.cycle_time.mean"),
    ),
    "the last digit of a number": (
        lambda d: (edit(d / "findings.json", last_digit), with_digest(d, "findings.json")),
        ("finding", "baseline.cycle_time.mean"),
    ),
    "an interval": (
        lambda d: edit(d / "findings.json", lambda x: finding(x).update(low=0.0)), ("finding", "baseline.cycle_time.mean"),
    ),
    "a statement": (
        lambda d: edit(d / "findings.json", lambda x: finding(x, "rework.cases_share").update(statement="All is well.")),
        ("finding", "rework.cases_share"),
    ),
    "a caveat left out": (
        lambda d: edit(d / "findings.json", lambda x: finding(x, "scenario.decide_every_working_day.cycle_time.mean")
                       .update(caveats=[])),
        ("finding", "scenario.decide_every_working_day.cycle_time.mean"),
    ),
    "a finding left out": (
        lambda d: edit(d / "findings.json", lambda x: x["findings"].remove(finding(x))), ("finding", "baseline.cycle_time.mean"),
    ),
    "a finding made up": (
        lambda d: edit(d / "findings.json", lambda x: x["findings"].append({**finding(x), "id": "baseline.made_up"})),
        ("finding", "baseline.made_up"),
    ),
    "a digest in the provenance": (
        lambda d: edit(d / "provenance.json", lambda x: x["files"].update({"section.md": "0" * 64})), ("file", "section.md"),
    ),
    "the seed in the provenance": (
        lambda d: edit(d / "provenance.json", lambda x: x.update(seed=2)), ("file", "provenance.json"),
    ),
    "the digest of the log": (
        lambda d: edit(d / "provenance.json", lambda x: x["inputs"][2].update(sha256="0" * 64)), ("input", "log (events.csv)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_change_is_found_and_named(copied, again, what):
    plant, named = PLANTED[what]
    plant(copied)
    found = compared(copied, again)
    assert not found.agrees
    assert named in {(d.kind, d.name) for d in found.differences}, [str(d) for d in found.differences]
    # nothing is blamed but what was touched, what holds it, and the provenance that names its digest
    touched = {named[1], "findings.json", "provenance.json"}
    assert {d.name for d in found.differences} <= touched


def test_a_changed_byte_of_the_records_is_found(records, published, tmp_path):
    """One hour of one step: the log is named, and the findings that it moves."""
    moved = tmp_path / "records"
    shutil.copytree(records, moved)
    log = moved / "events.csv"
    lines = log.read_text(encoding="utf-8").splitlines()
    hour = next(k for k, x in enumerate(lines) if "T10:" in x or " 10:" in x)
    lines[hour] = lines[hour].replace("T10:", "T09:", 1).replace(" 10:", " 09:", 1)
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = verify(moved / "out", study=moved / "study.yaml")
    assert "log (events.csv)" in {d.name for d in found.differences if d.kind == "input"}
    assert [d for d in found.differences if d.kind == "finding"]


def test_the_command_says_what_differs_and_exits_with_1(copied, records, again, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.setattr("streamline.verification.plan_section", lambda path, progress: again)
    runner = CliRunner()
    fine = runner.invoke(app, ["verify", str(copied), "--study", str(records / "study.yaml"), "--quiet"])
    assert fine.exit_code == 0
    assert "agree with the records; 0 differences" in fine.output
    change(copied / "section.md", "days", "hours")
    wrong = runner.invoke(app, ["verify", str(copied), "--study", str(records / "study.yaml"), "--quiet"])
    assert wrong.exit_code == 1
    assert "file section.md" in wrong.output
    told = json.loads(
        runner.invoke(app, ["verify", str(copied), "--study", str(records / "study.yaml"), "-q", "--json"]).output
    )
    assert told["agrees"] is False
    assert told["differences"][0]["name"] == "section.md"


def test_no_section_a_damaged_one_and_no_study_are_said(tmp_path, copied):
    with pytest.raises(OutputError, match="holds no section"):
        verify(tmp_path / "nothing")
    with pytest.raises(StudyError, match="--study"):
        verify(copied)
    (copied / "provenance.json").write_text("{")
    with pytest.raises(OutputError, match="damaged"):
        verify(copied)
    (copied / "provenance.json").write_text("{}")
    with pytest.raises(OutputError, match="lacks inputs"):
        verify(copied)
