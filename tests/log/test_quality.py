"""Each finding about the records, present where it should be and absent from clean ones, with its count and examples."""

from __future__ import annotations

import pytest

from streamline.log.quality import data_quality

CLEAN = """case,activity,start,complete,who,channel
A,In,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann,mail
A,Out,2025-01-06T10:00:00Z,2025-01-06T11:00:00Z,bob,mail
B,In,2025-01-07T08:00:00Z,2025-01-07T09:00:00Z,ann,web
B,Out,2025-01-07T10:00:00Z,2025-01-07T11:00:00Z,bob,web
"""
NAMES = {
    "case": "case",
    "activity": "activity",
    "start": "start",
    "complete": "complete",
    "resource": "who",
    "channel": "channel",
}


@pytest.fixture
def found(read_text):
    """`found(text, **options)`: the findings by kind."""

    def look(text, **options):
        log = read_text(text, **{**NAMES, "ends": ["Out"], "max_rejected": 0.9, **options})
        return {f.kind: f for f in data_quality(log).findings}

    return look


def test_clean_records_have_no_finding(found):
    assert found(CLEAN) == {}


@pytest.mark.parametrize(
    ("row", "kind", "count", "unit", "said"),
    [
        ("A,In,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann,mail\n", "duplicates", 1, "rows", "repeat an earlier row"),
        ("C,Out,2025-01-06T08:00:00Z,2025-01-06T07:00:00Z,ann,mail\n", "rejected", 1, "rows", "completed before it started"),
        (",Out,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann,mail\n", "rejected", 1, "rows", "no case id"),
        ("C,Out,2025-01-06T08:00:00Z,2025-02-30T09:00:00Z,ann,mail\n", "rejected", 1, "rows", "no such day: 30 February"),
        ("C,Out,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann,mail\n", "single_step_cases", 1, "cases", "have a single step"),
        ("C,In,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann,mail\n", "open_cases", 1, "cases", "reached none of the ends"),
        ("B,Look,2025-01-07T12:00:00Z,,ann,web\n", "unfinished_steps", 1, "steps", "were started and not completed"),
        ("B,Look,,2025-01-07T12:00:00Z,ann,web\n", "missing_starts", 1, "steps", "have no recorded start"),
        ("B,Look,2025-01-07T11:00:00Z,2025-01-07T12:00:00Z,,web\n", "missing_resource", 1, "steps", "have no resource"),
        ("B,Look,2025-01-07T11:00:00Z,2025-01-07T12:00:00Z,ann,\n", "missing_channel", 1, "steps", "have no channel"),
        ("B,Look,2025-01-05T11:00:00Z,2025-01-05T12:00:00Z,ann,web\n", "out_of_order", 1, "rows", "after a later step"),
        ("B,Look,2025-01-07T10:00:00Z,2025-01-07T11:00:00Z,ann,web\n", "ties", 1, "steps", "the very times"),
        ("B,IN,2025-01-07T11:00:00Z,2025-01-07T12:00:00Z,ann,web\n", "near_identical_labels", 1, "steps", "nearly that of"),
        ("B ,Look,2025-01-07T11:00:00Z,2025-01-07T12:00:00Z,ann,web\n", "padded", 1, "rows", "have blanks around"),
        ("B,Look,1970-01-01T00:00:00Z,1970-01-01T00:00:00Z,ann,web\n", "impossible_times", 1, "steps", "placeholder"),
    ],
)  # fmt: skip
def test_one_blemish_is_one_finding(found, row, kind, count, unit, said):
    finding = found(CLEAN + row)[kind]
    assert (finding.count, finding.unit) == (count, unit)
    assert said in finding.statement
    assert finding.statement.startswith(f"{count} of {finding.of} {unit} (")
    assert finding.effect.endswith((".", ")"))
    assert all(e == "row 6" or "'" in e for e in finding.examples), finding.examples


def test_blanks_around_an_id_do_not_make_another_case(read_text):
    log = read_text(CLEAN + "B ,Look,2025-01-07T11:00:00Z,2025-01-07T12:00:00Z,ann,web\n", **NAMES)
    assert log.case_id_array().tolist() == ["A", "B"]


def test_the_hours_that_the_clock_skips_and_repeats(found):
    local = CLEAN.replace("Z,", ",")
    local += "B,Look,2025-03-09T02:30:00,2025-11-02T01:30:00,ann,web\nB,Out,2025-11-02T01:40:00,2025-11-02T03:00:00,bob,web\n"
    kinds = found(local.replace("start", "complete_", 1).replace("complete,", "done,", 1), timezone="America/New_York",
                  start="complete_", complete="done")  # fmt: skip
    # row 6 began in the hour that was skipped and ended in the one that came twice, in which row 7 began
    assert kinds["clock_gap"].examples == ("row 6",)
    assert kinds["clock_fold"].examples == ("row 6", "row 7")
    assert "first of the two hours" in kinds["clock_fold"].effect


def test_future_and_lonely_dates(read_text):
    rows = "".join(
        f"c{k},In,2025-01-{1 + k % 28:02}T08:00:00Z,2025-01-{1 + k % 28:02}T09:00:00Z,ann,web\n" for k in range(1200)
    )
    text = CLEAN.splitlines()[0] + "\n" + rows + "x,In,2031-01-01T08:00:00Z,2031-01-01T09:00:00Z,ann,web\n"
    log = read_text(text, **NAMES)
    kinds = {f.kind: f for f in data_quality(log, as_of=int(log.observed_until) - 10**12).findings}
    assert kinds["isolated_times"].count == 1
    assert kinds["future_times"].examples == ("row 1,202",)
    assert "future_times" not in {f.kind for f in data_quality(log).findings}


def test_day_precision_and_no_starts(found):
    days = "\n".join(line.replace("T08:00:00Z", "").replace("T10:00:00Z", "") for line in CLEAN.splitlines()) + "\n"
    kinds = found(days, start=None, complete="start", timezone="UTC")
    assert kinds["day_precision"].of == 4
    assert kinds["no_starts"].count == 4


def test_without_ends_the_records_propose_some(read_text):
    """Thirty cases end with Out, long before the log does; the last one stopped at In a day before its end."""
    rows = "".join(
        f"c{k},In,2025-{1 + k // 28:02}-{1 + k % 28:02}T08:00:00Z,2025-{1 + k // 28:02}-{1 + k % 28:02}T09:00:00Z,ann,web\n"
        f"c{k},Out,2025-{1 + k // 28:02}-{1 + k % 28:02}T10:00:00Z,2025-{1 + k // 28:02}-{1 + k % 28:02}T11:00:00Z,ann,web\n"
        for k in range(30)
    )
    text = CLEAN.splitlines()[0] + "\n" + rows + "x,In,2025-06-01T08:00:00Z,2025-06-01T09:00:00Z,ann,web\n"
    (finding,) = (f for f in data_quality(read_text(text, **NAMES)).findings if f.kind == "perhaps_open")
    assert finding.count == 1
    assert "sensible ends: 'Out'." in finding.effect


@pytest.mark.real
def test_receipt_proposes_its_usual_last_step(real_log):
    (finding,) = (f for f in data_quality(real_log("receipt")).findings if f.kind == "perhaps_open")
    assert finding.count == 5
    assert "'T10 Determine necessity to stop indication'" in finding.effect


def _ending(case: str, step: str, month: int, day: int) -> str:
    """A case of two steps on one day, the second of them `step`."""
    at = f"2025-{month:02}-{day:02}"
    return f"{case},In,{at}T08:00:00Z,{at}T09:00:00Z,ann,web\n{case},{step},{at}T10:00:00Z,{at}T11:00:00Z,ann,web\n"


def test_an_end_that_was_forgotten_is_named(found):
    """Five cases were withdrawn long ago: nothing follows that, and it isn't among the ends."""
    done = "".join(_ending(f"c{k}", "Out", 1 + k // 28, 1 + k % 28) for k in range(56))
    withdrawn = "".join(_ending(f"w{k}", "Withdrawn", 1, 3 + k) for k in range(5))
    head = CLEAN.splitlines()[0] + "\n"
    finding = found(head + done + withdrawn)["perhaps_ended"]
    assert finding.statement == (
        "5 of 61 cases (8.2%) are open though nothing ever follows their last step, 'Withdrawn'."
    )
    assert finding.effect == "If this step ends a case, it belongs among the ends that the study names."
    assert "perhaps_ended" not in found(head + done + withdrawn, ends=["Out", "Withdrawn"])
    # one of them was taken up again; two of the five are left; or all five are fresh
    again = "w0,In,2025-02-01T08:00:00Z,2025-02-01T09:00:00Z,ann,web\n"
    assert "perhaps_ended" not in found(head + done + withdrawn + again)
    assert "perhaps_ended" not in found(head + done + "".join(_ending(f"w{k}", "Withdrawn", 1, 3) for k in range(2)))
    fresh = "".join(f"w{k},Withdrawn,2025-02-28T10:00:00Z,2025-02-28T11:00:00Z,ann,web\n" for k in range(5))
    assert "perhaps_ended" not in found(head + done + fresh)
