"""The whole job on the sample agency: the promised findings, the same bytes twice, nothing disclosed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path

import jsonschema
import pytest

from streamline.errors import InsufficientDataError, OutputError
from streamline.log.read import read_log
from streamline.output import as_bytes, write_whole
from streamline.plan import plan_section
from streamline.report.section import Caution, Paragraph
from streamline.report.to_json import findings_schema

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "sample_logs" / "study.yaml"


@pytest.fixture(scope="module")
def section(sample_section):
    return sample_section


@pytest.fixture(scope="module")
def files(section):
    return section.files()


def test_the_promised_findings_exist(section):
    ids = [f.id for f in section.findings]
    assert len(ids) == len(set(ids))
    promised = {
        "baseline.cases", "baseline.open_cases", "baseline.cycle_time.mean", "baseline.cycle_time.median",
        "baseline.cycle_time.p90", "baseline.within_standard", "baseline.service_time.mean", "baseline.waiting_time.mean",
        "baseline.contacts_per_case", "bottleneck.1.share", "waiting.external.share", "rework.cases_share",
        "rework.days_per_case", "rework.loop.1.cases_share", "rework.loop.1.days_per_case", "contacts.status_share",
        "contacts.state.approve_decision.rate", "contacts.link_share", "contacts.first_contact_resolution",
        "contacts.net_of_redials", "contacts.repeat_ratio", "contacts.loop.1.per_occurrence", "contacts.overdue.ratio",
        "contacts.waiting.ratio", "contacts.switched_share", "contacts.dispersion", "contacts.calibration",
        "contacts.forecast.total", "contacts.forecast.weekly_error", "contacts.forecast.weeks_inside", "feedback.mean_score",
        "feedback.answering", "feedback.cycle_time.quarter_1.mean_score", "feedback.loops.with_a_loop.mean_score",
        "feedback.contacts.2_contacts_or_more.mean_score", "feedback.channel.mail.mean_score",
    }  # fmt: skip
    measures = ("cycle_time.mean", "cycle_time.median", "cycle_time.p90", "within_standard", "contacts_per_case",
                "staff_hours_per_case", "cost_per_year")  # fmt: skip
    promised |= {f"scenario.complete_from_the_start.{m}" for m in measures}
    assert promised <= set(ids)


def test_it_says_what_it_is_in_a_line(section):
    n = len(section.findings)
    assert n > 150
    assert (
        repr(section) == f"<PlanSection 'Heating assistance applications, 2025': {n} findings; save(folder) writes it>"
    )


def test_findings_json_is_valid_and_consistent(section, files):
    document = json.loads(files["findings.json"])
    jsonschema.Draft202012Validator(findings_schema()).validate(document)
    for finding in document["findings"]:
        assert finding["table"] is None or finding["table"] in files, finding["id"]
        if finding["low"] is not None and finding["section"] not in ("scenario",):
            assert finding["low"] <= finding["value"] <= finding["high"], finding["id"]
        assert not re.search(r"\bnan\b|\bNone\b", finding["statement"]), finding["statement"]
        assert " will " not in finding["statement"]


def test_every_number_of_the_baseline_equals_plain_pandas(section):
    """Mean and median of the closed cases, straight from the file: rejects and duplicates as documented."""
    import pandas as pd

    frame = pd.read_csv(ROOT / "sample_logs" / "events.csv", keep_default_na=False)
    times = {c: pd.to_datetime(frame[c], utc=True, errors="coerce", format="ISO8601") for c in ("began", "finished")}
    bad = (times["began"].isna() & (frame["began"] != "")) | (times["finished"].isna() & (frame["finished"] != ""))
    bad |= times["finished"] < times["began"]
    frame = frame.assign(**times)[~bad]
    ended = set(frame.loc[frame["step"].isin(["Issue notice", "Withdrawn"]) & frame["finished"].notna(), "application"])
    cases = frame.groupby("application").agg(arrival=("began", "min"), last=("finished", "max"))
    day = cases["arrival"].dt.tz_convert("America/New_York").dt.date.astype(str)
    closed = cases[cases.index.isin(ended) & (day >= "2025-02-03") & (day <= "2025-11-30")]
    days = (closed["last"] - closed["arrival"]).dt.total_seconds() / 86400
    found = {f.id: f for f in section.findings}
    assert found["baseline.cycle_time.mean"].n == len(days)
    assert found["baseline.cycle_time.mean"].value == pytest.approx(days.mean(), rel=1e-9)
    assert found["baseline.cycle_time.median"].value == pytest.approx(
        days.quantile(0.5, interpolation="lower"), rel=1e-9
    )


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """The sample's study with another seed, and fewer draws."""
    folder = tmp_path_factory.mktemp("seeded")
    for source in (ROOT / "sample_logs").iterdir():
        if source.suffix == ".csv":
            (folder / source.name).symlink_to(source)
    text = STUDY.read_text(encoding="utf-8")
    assert "draws: 200, seed: 1" in text
    (folder / "study.yaml").write_text(text.replace("draws: 200, seed: 1", "draws: 20, seed: 2"), encoding="utf-8")
    return folder / "study.yaml"


@pytest.fixture(scope="module")
def section_of_another_seed(seeded):
    return plan_section(seeded)


def test_the_same_study_gives_the_same_bytes(seeded, section_of_another_seed):
    assert plan_section(seeded).files() == section_of_another_seed.files()


def test_another_seed_moves_the_intervals_and_not_the_baseline(section, section_of_another_seed):
    other = {f.id: f for f in section_of_another_seed.findings}
    for finding in section.findings:
        if finding.section == "baseline":
            assert other[finding.id].value == finding.value
    assert other["baseline.cycle_time.mean"].low != {f.id: f for f in section.findings}["baseline.cycle_time.mean"].low


def test_no_case_and_no_person_is_in_any_file(files, pdf_reading):
    log = read_log(
        ROOT / "sample_logs" / "events.csv", case="application", activity="step", start="began", complete="finished",
        resource="worker", timezone="America/New_York",
    )  # fmt: skip
    assert log.resource is not None
    people = [n for n in log.resource.names if n != "system"]
    assert len(people) > 10
    for name, text in words_of(files, pdf_reading).items():
        words = set(re.findall(r"[\w-]+", text))
        assert len(words) > 10, name
        assert not words & set(log.case_id_array()), name
        assert not words & set(people), name


def words_of(files, pdf_reading):
    """All text of each file: of a Word document each part, of a PDF its pages' text, its tags and its properties."""
    import zipfile

    import pikepdf

    found = {}
    for name, content in files.items():
        if name.endswith(".docx"):
            with zipfile.ZipFile(io.BytesIO(content)) as package:
                found |= {f"{name}/{n}": re.sub(r"<[^>]+>", " ", package.read(n).decode()) for n in package.namelist()
                          if n in ("word/document.xml", "docProps/core.xml")}  # fmt: skip
        elif name.endswith(".pdf"):
            with pikepdf.open(io.BytesIO(content)) as document:
                kept = [str(o) for o in document.objects if isinstance(o, pikepdf.String)]
                for thing in document.objects:
                    if isinstance(thing, pikepdf.Dictionary):
                        kept += [str(v) for v in thing.values() if isinstance(v, pikepdf.String)]
            found[name] = " ".join(kept) + " " + pdf_reading.shown(content)
        else:
            found[name] = content
    return found


def test_data_json_describes_every_file_as_the_catalog_form_wants(files, section):
    catalog = json.loads(files["data.json"])
    assert catalog["conformsTo"] == "https://project-open-data.cio.gov/v1.1/schema"
    told = [d["downloadURL"] for s in catalog["dataset"] for d in s["distribution"]]
    assert sorted(told) == sorted(set(files) - {"data.json", "provenance.json"})
    ids = [s["identifier"] for s in catalog["dataset"]]
    assert len(set(ids)) == len(ids)
    for dataset in catalog["dataset"]:
        for key in ("title", "description", "keyword", "modified", "publisher", "identifier", "accessLevel"):
            assert dataset[key], (dataset["title"], key)
        assert "contactPoint" not in dataset  # the study names nobody, and nobody is made up
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", dataset["modified"])


def test_every_picture_stands_alone(files, section):
    pictures = {n: c for n, c in files.items() if n.startswith("figures/")}
    assert len(pictures) == len(section.section.figures)
    for name, svg in pictures.items():
        assert svg.startswith("<svg"), name
        assert "<title" in svg, name
        assert "<desc" in svg, name


def test_no_published_row_tells_of_few_cases(files):
    """Counts of cases in the tables are 0 or at least 11; so are the cases on the map and in the histogram's words."""
    seen = 0
    for name, text in files.items():
        if not name.endswith(".csv"):
            continue
        for row in csv.DictReader(io.StringIO(text)):
            for column in (
                "n_cases",
                "n_answers",
                "n_answered",
                "n_asking",
                "n_contacts",
                "n_contacts_inside",
                "contacts",
            ):
                if row.get(column):
                    seen += 1
                    assert float(row[column]) == 0 or float(row[column]) >= 11, (name, row)
    assert seen > 30
    html = files["section.html"]
    counts = [int(n.replace(",", "")) for n in re.findall(r"(\d[\d,]*) cases?\b", html)]
    assert counts
    assert not [n for n in counts if 0 < n < 11]


def test_rejects_are_listed_with_their_rows_and_without_their_content(files):
    rows = list(csv.DictReader(io.StringIO(files["tables/rejects.csv"])))
    assert len(rows) == 5
    assert set(rows[0]) == {"file", "row", "column", "reason"}
    lines = (ROOT / "sample_logs" / "events.csv").read_text(encoding="utf-8").splitlines()
    (wrong_day,) = [r for r in rows if "30 February" in r["reason"]]
    assert "2025-02-30" in lines[int(wrong_day["row"]) - 1]


def test_too_few_cases_are_not_published(tmp_path):
    (tmp_path / "e.csv").write_text("case,activity,complete\na,A,2025-01-01T00:00:00Z\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text("study: {title: T, agency: A, service: S}\nlog: {path: e.csv}\n", encoding="utf-8")
    with pytest.raises(InsufficientDataError, match="1 closed case in the window, fewer than the 11"):
        plan_section(tmp_path / "s.yaml")


def test_every_file_is_written_as_it_is_and_under_its_digest(section, files, tmp_path):
    folder = section.save(tmp_path / "out")
    written = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert written == {name: as_bytes(content) for name, content in files.items()}
    digests = json.loads(files["provenance.json"])["files"]
    assert digests == {n: hashlib.sha256(c).hexdigest() for n, c in written.items() if n != "provenance.json"}
    assert written["section.pdf"].startswith(b"%PDF-1.7")


def test_the_pdf_says_what_the_section_says(section, files, pdf_reading):
    """Read as a screen reader does: each heading, each table in full, a description of each picture."""
    read = pdf_reading.Reading(files["section.pdf"])
    assert {p.mark for p in read.pieces if p.mcid is None} == {"Artifact"}
    plain = pdf_reading.plain
    for element, table in zip(read.tree.all("Table"), section.section.tables, strict=True):
        shown = [[plain(cell.words) for cell in row.inside] for row in element.all("TR")]
        body = [[plain(text) for text in row] for row in table.rows] or [["No rows."]]
        assert shown == [[plain(column.heading) for column in table.columns], *body], table.id
        assert all(cell.scope for cell in element.all("TH"))
    pictures = [e.alt for e in read.tree.all("Figure")]
    assert all(pictures)
    assert len([alt for alt in pictures if not alt.startswith("The figure goes on")]) == len(section.section.figures)
    told = {plain(e.words) for e in read.tree.all()}
    paragraphs = [b for b in section.section.blocks() if isinstance(b, Paragraph | Caution)]
    assert len(paragraphs) > 20
    assert all(plain(b.text) in told for b in paragraphs)


def test_an_edited_section_is_not_overwritten(section, tmp_path):
    folder = section.save(tmp_path / "out")
    section.save(folder)  # as it was written: replaced
    (folder / "section.md").write_text("my words", encoding="utf-8")
    with pytest.raises(OutputError, match=r"was edited since \('section.md'\)"):
        section.save(folder)
    assert (folder / "section.md").read_text(encoding="utf-8") == "my words"


def test_a_failed_write_leaves_the_earlier_folder(tmp_path):
    write_whole(tmp_path / "out", {"a.txt": "one", "provenance.json": '{"files": {"a.txt": ""}}'})
    with pytest.raises(OutputError, match="left as it was"):
        write_whole(tmp_path / "out", {"a.txt": "two", "a.txt/b": "a file can't be a folder"})
    assert (tmp_path / "out" / "a.txt").read_text(encoding="utf-8") == "one"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
