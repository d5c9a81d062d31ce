"""Findings read back, and an author's document renewed: only tagged text changes, and the list says what."""

from __future__ import annotations

import html
import io
import json
import zipfile
from datetime import date
from xml.etree import ElementTree

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from streamline.cli import app
from streamline.errors import FileFormatError, OutputError
from streamline.findings import findings_of, read_findings, tag_of, without_period
from streamline.renewal import part_text, refresh, refreshed
from streamline.report.section import Paragraph, Part, Section
from streamline.report.to_docx import to_docx
from streamline.report.word_parts import control
from streamline.results import Finding

PERIOD = ("2025-03-01", "2025-05-30")
CLAUSE = " that arrived from 1 March 2025 to 30 May 2025"


def row(id_: str = "baseline.cycle_time.mean", **changes):
    plain = {
        "id": id_, "section": "baseline", "statement": f"The mean is 8.5 days for cases{CLAUSE}.", "value": 8.52, "low": 8.2,
        "high": 8.8, "level": 0.95, "unit": "days", "n": 7281, "method": "mean of the closed cases", "caveats": ["Few are open."],
        "table": None,
    }  # fmt: skip
    return {**plain, **changes}


def document_of(*rows, **changes):
    made = {
        "inputs": [{"role": "log", "name": "events.csv", "sha256": "ab12cd34ef567890" * 4, "rows": 9, "rejected": 0}]
    }
    whole = {
        "schema": "streamline.findings/1",
        "study": {"title": "Permits", "period": list(PERIOD), "cases": 7412, "open_cases": 131},
        "provenance": {**made, "version": "0.1.0", "seed": 1, "draws": 200},
        "findings": list(rows),
    }
    return {**whole, **changes}


def test_findings_by_id_and_section():
    found = findings_of(document_of(row(), row("scenario.a.cycle_time.mean", section="scenario", scenario="A", baseline=9.0,
                                               change={"value": -1.5, "low": -2.0, "high": -1.0})))  # fmt: skip
    assert list(found) == ["baseline.cycle_time.mean", "scenario.a.cycle_time.mean"]
    mean = found["baseline.cycle_time.mean"]
    assert mean.statement.startswith("The mean is 8.5 days")
    assert mean.interval == (8.2, 8.8)
    assert found["scenario.a.cycle_time.mean"].change == -1.5
    assert [f.id for f in found.section("scenario")] == ["scenario.a.cycle_time.mean"]
    note = mean.as_footnote()
    for words in ("baseline.cycle_time.mean", "Mean of the closed cases", "n = 7,281", "Few are open", "Permits", "2025-03-01",
                  "events.csv (SHA-256 ab12cd34ef56…)", "streamline 0.1.0"):  # fmt: skip
        assert words in note
    with pytest.raises(KeyError, match=r"Did you mean 'baseline.cycle_time.mean'"):
        found["baseline.cycle_time.mena"]
    with pytest.raises(KeyError, match="scenario"):
        found.section("scenarios")
    assert "2 findings" in repr(found)
    assert "<code>baseline.cycle_time.mean</code>" in found._repr_html_()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "isn't JSON"), ("[1]", "names no schema"), ('{"a": 1}', "names no schema"),
        (json.dumps(document_of(row(), schema="streamline.findings/2")), "this version reads"),
        (json.dumps({**document_of(), "findings": [{"id": "x"}]}), "was damaged"),
        (json.dumps({**document_of(), "study": {}}), "was damaged"),
        (json.dumps(document_of(row(), row())), "more than once"),
        (json.dumps(document_of(row(value="8.5"))), "'8.5', which is no number"),
        (json.dumps(document_of(row(low=True))), "True, which is no number"),
        (json.dumps(document_of(row(value=float("nan")))), "NaN is no number"),
    ],
)  # fmt: skip
def test_what_holds_no_findings_is_refused(tmp_path, text, said):
    path = tmp_path / "findings.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=said):
        read_findings(path)
    with pytest.raises(FileFormatError, match="can't be read"):
        read_findings(tmp_path / "none.json")


def test_a_folder_holds_its_findings(tmp_path):
    with pytest.raises(FileFormatError, match=r"holds no findings.json"):
        read_findings(tmp_path)
    (tmp_path / "findings.json").write_text(json.dumps(document_of(row())))
    assert dict(read_findings(tmp_path)) == dict(read_findings(str(tmp_path / "findings.json")))
    assert len(read_findings(tmp_path)) == 1


def authors_document(tmp_path, *controls):
    """An author's own text with these (text, tag) in it, styled, between other words."""
    document = Document()
    for text, tag in controls:
        paragraph = document.add_paragraph("We found: ")
        control(paragraph, text, tag=tag, title="t", number=len(document.paragraphs))
        paragraph.add_run(" (our words stay)")
    path = tmp_path / "plan.docx"
    document.save(path)
    return path


def text_of(path):
    import xml.etree.ElementTree as ET

    with zipfile.ZipFile(path) as package:
        root = ET.fromstring(package.read("word/document.xml"))
    return "".join(t.text or "" for t in root.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"))


def test_only_tagged_text_changes_and_the_list_says_what(tmp_path):
    path = authors_document(
        tmp_path, ("old statement", "baseline.cycle_time.mean"), ("8.1", "baseline.cycle_time.mean#value"),
        ("8.2 to 8.8", "baseline.cycle_time.mean#interval"), ("x", "baseline.gone"), ("kept", "authors own tag"),
    )  # fmt: skip
    before = {n: zipfile.ZipFile(path).read(n) for n in zipfile.ZipFile(path).namelist()}
    found = refresh(path, findings_of(document_of(row())))
    assert [(c.tag, c.old) for c in found.changed] == [
        ("baseline.cycle_time.mean", "old statement"), ("baseline.cycle_time.mean#value", "8.1"),
    ]  # fmt: skip
    assert found.changed[1].new == "8.5"
    assert found.n_unchanged == 1
    assert found.unknown == ("baseline.gone",)
    words = text_of(path)
    assert f"We found: The mean is 8.5 days for cases{CLAUSE}. (our words stay)" in words
    assert "kept" in words
    after = {n: zipfile.ZipFile(path).read(n) for n in zipfile.ZipFile(path).namelist()}
    assert {n for n in before if before[n] != after[n]} == {"word/document.xml"}
    assert list(before) == list(after)
    Document(path)
    again = refresh(path, findings_of(document_of(row())))
    assert again.changed == ()
    assert again.document == path.read_bytes()


def test_a_written_section_can_be_renewed(tmp_path):
    """Every statement of the section is found by its tag, whole or without the period."""
    statement = f"The mean is 8.1 days for cases{CLAUSE}."
    old = Finding(
        id="baseline.cycle_time.mean", section="baseline", statement=statement, value=8.1, unit="days", n=9, method="m"
    )
    part = Part(
        id="a", title="A", blocks=(Paragraph(text=without_period(statement, PERIOD)), Paragraph(text=statement))
    )
    section = Section(title="Permits", agency="A", service="S", period=f"Cases{CLAUSE}", parts=(part,), findings=(old,))
    found = refreshed(to_docx(section, dated=date(2025, 5, 30)), findings_of(document_of(row())))
    assert [c.new for c in found.changed] == [
        "The mean is 8.5 days for cases.",
        f"The mean is 8.5 days for cases{CLAUSE}.",
    ]


def test_formatting_and_line_pieces_of_a_control_are_kept(tmp_path):
    """Word splits a text into runs as it likes: the first keeps its look and gets all words."""
    from docx.oxml import parse_xml

    path = authors_document(tmp_path, ("old", "baseline.cycle_time.mean#value"))
    document = Document(path)
    sdt = next(e for e in document.element.body.iter() if e.tag.endswith("}sdt"))
    run = next(e for e in sdt.iter() if e.tag.endswith("}r"))
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    run.insert(0, parse_xml(f"<w:rPr {space}><w:b/></w:rPr>"))
    run.getparent().append(parse_xml(f"<w:r {space}><w:t> and more</w:t></w:r>"))
    document.save(path)
    assert refresh(path, findings_of(document_of(row()))).changed[0].old == "old and more"
    again = Document(path)
    sdt = next(e for e in again.element.body.iter() if e.tag.endswith("}sdt"))
    assert "".join(t.text or "" for t in sdt.iter() if t.tag.endswith("}t")) == "8.5"
    assert any(e.tag.endswith("}b") for e in sdt.iter())


def test_parts_are_written_as_the_section_writes_them():
    share = findings_of(document_of(row("a.share", unit="share", value=0.9286, low=0.92, high=0.937)))["a.share"]
    assert part_text(share, "value") == "92.9%"
    assert part_text(share, "interval") == "92.0% to 93.7%"
    cost = findings_of(document_of(row("a.cost", unit="USD per year", value=1260432.0, low=1238000.0, high=1279000.0)))[
        "a.cost"
    ]
    assert part_text(cost, "value") == "USD 1,260,000"
    assert part_text(share, "n") == "7,281"
    none = findings_of(document_of(row("a.b", value=None, low=None, high=None)))["a.b"]
    assert part_text(none, "value") is None
    assert part_text(none, "interval") is None


def test_long_ids_have_short_tags():
    long = f"scenario.{'a_rather_long_name_of_a_scenario_' * 3}.within_standard"
    assert len(tag_of(long)) == 64
    assert tag_of(long) != tag_of(long + "x")
    assert tag_of(long, "value").endswith("#value")


@pytest.mark.parametrize("content", [b"", b"no zip at all"])
def test_what_is_no_word_document_is_refused(tmp_path, content):
    path = tmp_path / "plan.docx"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="Word document"):
        refresh(path, findings_of(document_of(row())))
    assert path.read_bytes() == content


def test_other_packages_and_damaged_text_are_refused(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("a.txt", "b")
    with pytest.raises(FileFormatError, match="no text"):
        refreshed(stream.getvalue(), findings_of(document_of()))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("word/document.xml", "<w:sdt")
    with pytest.raises(FileFormatError, match="damaged"):
        refreshed(stream.getvalue(), findings_of(document_of()))


def test_a_folder_that_takes_no_files_leaves_the_document(tmp_path):
    path = authors_document(tmp_path, ("old", "baseline.cycle_time.mean"))
    before = path.read_bytes()
    with pytest.raises(OutputError, match="can't be written"):
        refresh(path, findings_of(document_of(row())), output=tmp_path / "none" / "new.docx")
    assert path.read_bytes() == before


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MEAN = "baseline.cycle_time.mean"


def package(
    body: str, *, space: str = W, head: str = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
) -> bytes:
    """A Word document of this text alone."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("word/document.xml", f"{head}<w:document {space}><w:body>{body}</w:body></w:document>")
    return stream.getvalue()


def body_of(document: bytes) -> str:
    text = zipfile.ZipFile(io.BytesIO(document)).read("word/document.xml").decode()
    return text.split("<w:body>")[1].split("</w:body>")[0]


def box(content: str, tag: str = f"{MEAN}#value", more: str = "") -> str:
    return f'<w:sdt><w:sdtPr><w:tag w:val="{tag}"/>{more}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>'


NEWER = findings_of(document_of(row()))


@given(
    st.lists(st.one_of(st.just("<w:r><w:t>8.1</w:t></w:r>"), st.text("ab &é🏛\"'", max_size=9).map(
        lambda t: f"<w:r ><w:t  xml:space='preserve' >{html.escape(t)}</w:t ></w:r>")), max_size=5),
    st.text("xyz\n \"'é", max_size=9),
)  # fmt: skip
def test_every_byte_outside_the_tagged_text_stays(runs, around):
    """Odd quotes, spaces within tags and line ends come back as they were."""
    outside = html.escape(around, quote=False)
    before = f"<!-- {outside} --><w:p  w:rsidR = '1'><w:r><w:t>{outside}</w:t></w:r>"
    after = f"<w:r><w:t/></w:r></w:p ><w:p/>{outside}"
    old = package(before + box("".join(runs)) + after)
    found = refreshed(old, NEWER)
    new = body_of(found.document)
    assert new.startswith(before)
    assert new.endswith(after)
    shown = "".join(ElementTree.fromstring(f"<w:a {W}>{new[len(before) : -len(after)]}</w:a>").itertext())
    assert shown == ("8.5" if runs else "")
    assert found.left == (() if runs else (f"{MEAN}#value",))
    again = refreshed(found.document, NEWER)
    assert again.document == found.document


def test_a_prompt_becomes_text():
    """An author who makes a control by hand and gives it a tag leaves Word's "Click here" in it."""
    run = (
        '<w:r><w:rPr><w:rStyle w:val="PlaceholderText"/><w:b/></w:rPr><w:t>Click or tap here to enter text.</w:t></w:r>'
    )
    found = refreshed(package(box(run, more="<w:showingPlcHdr/><w:text/>")), NEWER)
    shown = '<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">8.5</w:t></w:r>'
    assert body_of(found.document) == box(shown, more="<w:text/>")


def test_controls_that_would_go_wrong_are_left_and_listed():
    inner = box("<w:r><w:t>8.1</w:t></w:r>")
    outer = box(f"<w:r><w:t>The mean is </w:t></w:r>{inner}", tag=MEAN)
    bound = box("<w:r><w:t>7,000</w:t></w:r>", tag=f"{MEAN}#n", more='<w:dataBinding w:xpath="/a"/>')
    empty = box("<w:r/>", tag=f"{MEAN}#high")
    found = refreshed(package(outer + bound + empty), NEWER)
    assert [c.tag for c in found.changed] == [f"{MEAN}#value"]
    assert found.left == (MEAN, f"{MEAN}#n", f"{MEAN}#high")
    assert body_of(found.document) == (outer + bound + empty).replace(
        "<w:t>8.1</w:t>", '<w:t xml:space="preserve">8.5</w:t>'
    )
    assert f"{MEAN}#n: left as it was" in found.words()


def test_a_part_that_a_finding_has_no_more_is_unknown():
    older = findings_of(document_of(row(low=None, high=None)))
    found = refreshed(package(box("<w:r><w:t>8.2 to 8.8</w:t></w:r>", tag=f"{MEAN}#interval")), older)
    assert found.unknown == (f"{MEAN}#interval",)
    assert "no finding answers this tag now" in found.words()


@pytest.mark.parametrize("tag", ["", "Address", "_Toc.1", "my own tag", "http://x.y", "a.b.c#d e"])
def test_authors_own_tags_are_no_findings(tag):
    found = refreshed(package(box("<w:r><w:t>words</w:t></w:r>", tag=tag)), NEWER)
    assert (found.changed, found.unknown) == ((), ())


def test_hostile_statements_stay_text_and_settle():
    odd = "<script>&amp; a\x00b\x0b \ud800 مراجعة 🏛️  two  spaces"
    newer = findings_of(document_of(row(statement=odd)))
    found = refreshed(package(box("<w:r><w:t>old</w:t></w:r>", tag=MEAN)), newer)
    assert (
        ElementTree.fromstring(f"<w:a {W}>{body_of(found.document)}</w:a>")
        .itertext()
        .__next__()
        .startswith("<script>&amp; a b")
    )
    assert refreshed(found.document, newer).changed == ()


def test_a_document_saved_as_strict_open_xml_is_renewed():
    strict = 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"'
    found = refreshed(package(box("<w:r><w:t>8.1</w:t></w:r>"), space=strict), NEWER)
    assert [c.new for c in found.changed] == ["8.5"]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]>', "document type"),
        ('<?xml version="1.0" encoding="latin-1"?>', "written in latin-1"),
    ],
)
def test_what_word_never_writes_is_refused(head, said):
    with pytest.raises(FileFormatError, match=said):
        refreshed(package(box("<w:r><w:t>8.1</w:t></w:r>"), head=head), NEWER)


def test_a_link_to_a_document_and_its_rights_stay(tmp_path):
    path = authors_document(tmp_path, ("old", MEAN))
    path.chmod(0o640)
    link = tmp_path / "link.docx"
    link.symlink_to(path)
    assert len(refresh(link, NEWER).changed) == 1
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_command_renews_and_lists(tmp_path):
    path = authors_document(tmp_path, ("8.1", f"{MEAN}#value"), ("x", "baseline.gone"))
    newer = tmp_path / "findings.json"
    newer.write_text(json.dumps(document_of(row())))
    run = CliRunner().invoke(app, ["refresh", str(path), str(newer), "-o", str(tmp_path / "new.docx")])
    assert run.exit_code == 0
    renewed = f"{MEAN}#value\n  was: 8.1\n  is:  8.5"
    gone = "baseline.gone: no finding answers this tag now"
    for words in ("Permits; 7,412 cases", renewed, gone, "1 changed, 0 unchanged, 1 unknown."):
        assert words in run.output
    assert "8.5" in text_of(tmp_path / "new.docx")
    assert "8.1" in text_of(path)
    told = json.loads(CliRunner().invoke(app, ["refresh", str(path), str(newer), "--json"]).stdout)
    assert told == {
        "changed": [{"tag": f"{MEAN}#value", "finding": MEAN, "old": "8.1", "new": "8.5"}],
        "unchanged": 0, "unknown": ["baseline.gone"], "left": [],
    }  # fmt: skip
    assert "8.5" in text_of(path)


def test_the_command_refuses_what_it_cannot_read(tmp_path):
    path = tmp_path / "plan.docx"
    path.write_text("no document")
    newer = tmp_path / "findings.json"
    newer.write_text(json.dumps(document_of(row())))
    run = CliRunner().invoke(app, ["refresh", str(path), str(newer)])
    assert run.exit_code != 0
    assert isinstance(run.exception, FileFormatError | SystemExit)


def test_a_document_without_tags_fails_the_command_and_says_why(tmp_path):
    path = authors_document(tmp_path, ("8.1", "my own"))
    newer = tmp_path / "findings.json"
    newer.write_text(json.dumps(document_of(row())))
    run = CliRunner().invoke(app, ["refresh", str(path), str(newer)])
    assert run.exit_code == 1
    assert "holds no content control with a finding's tag: nothing was renewed" in run.output
    assert CliRunner().invoke(app, ["refresh", str(path), str(newer), "--json"]).exit_code == 1
