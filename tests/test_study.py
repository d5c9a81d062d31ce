"""The study file: what is read, and that every problem is told at once, with its place and line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from streamline.errors import StudyError
from streamline.study import Study, json_schema, read_study, slug
from streamline.whatif.change import Change

CHECKOUT = Path(__file__).parents[1]
BASE = "study: {title: T, agency: A, service: S}\nlog: {path: e.csv}\n"

#: Each kind of change with all of its fields, as a study writes it.
KINDS = {
    "remove_step": "{kind: remove_step, activity: A, share: 0.5, low: 0.4, high: 0.6, evidence: pilot}",
    "automate": "{kind: automate, activity: A, to: 2 minutes, low: 1 minute, high: 5 minutes}",
    "speed_up": "{kind: speed_up, activity: A, by: 0.2, low: 0.1, high: 0.3}",
    "reduce_rework": "{kind: reduce_rework, to: A, from: B, through: C, by: 0.5, low: 0.35, high: 0.6}",
    "add_capacity": "{kind: add_capacity, pool: P, staff: -2, low: -3, high: -1}",
    "pool_resources": "{kind: pool_resources, activities: [A, B]}",
    "change_hours": "{kind: change_hours, pool: P, hours: {mon-fri: 08:00-20:00}}",
    "release": "{kind: release, activity: A, every: 13:00}",
    "run_in_parallel": "{kind: run_in_parallel, activities: [A, B]}",
    "express_lane": "{kind: express_lane, where: {district: North}, priority: 2}",
    "divert": "{kind: divert, channel: mail, to: online, share: 0.3}",
    "shorten_external": "{kind: shorten_external, activity: A, by: 0.25}",
    "notify": "{kind: notify, states: [A], by: -0.1, low: -0.2, high: 0.3}",
    "self_service": "{kind: self_service, reason: status, share: 0.3, cost: 0.1}",
    "change_demand": "{kind: change_demand, by: -0.1}",
}

DESIGN = """
study:   {title: Residential permit service, agency: Department of Permits, service: Residential building permits}
log:     {path: events.csv, case: permit, activity: step, start: began, complete: finished, resource: worker,
          channel: channel, attributes: [district], timezone: America/New_York,
          external: [Information received],        # steps that wait on the customer or a third party
          ends: [Issue decision, Withdrawn]}       # a case that reached none of these is open
contacts: {path: calls.csv, case: permit, time: called, channel: channel, reason: reason, status_reasons: [status]}
feedback: {path: survey.csv, case: permit, time: answered, score: score, scale: [1, 5]}
window:  {from: 2025-03-01, to: 2025-12-31}       # cases that arrived in it are counted
calendar: {hours: {mon-fri: "08:00-17:00"}, holidays: US}
pools:   {Examiners: ["examiner-*"]}              # optional
standard: {cycle_time: 30 days, target: 0.90}
costs:   {currency: USD, staff_hour: 58, contact: {phone: 7.50, email: 3.00}, customer_hour: 30,
          discount_rate: 0.03, discount_source: "agency economist, memo of 2026-05"}    # a rate needs its source
scenarios:
  - name: Complete at intake
    signature: true
    changes:
      - {kind: reduce_rework, through: Request information, by: 0.5, low: 0.35, high: 0.6, evidence: "pilot, two offices"}
      - {kind: release, activity: Approve decision, every: working day}
    owner: Intake division
    start: 2027-01
    full_effect: 2027-07
    cost_once: 250000
    cost_per_year: 30000
privacy: {minimum_cell: 11}
simulation: {draws: 200, seed: 1}
"""


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Study]:
    """`study(text)`: the study of a file with this text (or bytes)."""

    def read(text: str | bytes) -> Study:
        path = tmp_path / "study.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_study(path)

    return read


def scenario(*changes: str) -> str:
    return BASE + "scenarios:\n- name: N\n  changes:\n" + "".join(f"  - {c}\n" for c in changes)


def test_the_designs_example_is_read_as_it_is_meant(study: Callable[..., Study]) -> None:
    read = study(DESIGN)
    assert read.window.from_ == date(2025, 3, 1)
    assert read.window.to == date(2025, 12, 31)
    assert read.log.ends == ("Issue decision", "Withdrawn")
    assert read.costs is not None
    assert read.costs.contact == {"phone": 7.5, "email": 3.0}
    (one,) = read.scenarios
    assert (one.slug, one.signature, one.start, one.full_effect) == ("complete_at_intake", True, "2027-01", "2027-07")
    rework, release = one.changes
    assert rework.belief() == (0.35, 0.5, 0.6)
    assert release.words() == "Release Approve decision every working day"
    assert (read.privacy.minimum_cell, read.simulation.draws, read.simulation.seed) == (11, 200, 1)


def test_contacts_are_read_as_they_are_meant(study: Callable[..., Study]) -> None:
    text = BASE.replace("log: {path: e.csv}", "log: {path: e.csv, attributes: [client, office]}")
    assert text != BASE
    read = study(
        text
        + "contacts: {path: c, case: k, time: t, customer: who, customer_attribute: client, ambiguous: shared, outcome: o,\n"
        "  abandoned: [gone], redial_rate: 0.6, covers: {from: 2025-01-01, to: 2025-12-31}, duplicates: drop, requests: leave,\n"
        "  closed_days: 14}\n"
    ).contacts
    assert read is not None
    assert (read.known_by, read.ambiguous, read.redial_rate, read.closed_days) == ("client", "shared", 0.6, 14)
    assert read.covers is not None
    assert read.covers.dates == ("2025-01-01", "2026-01-01"), "the last day counts"
    assert not read.are_totals
    same = study(text + "contacts: {path: c, time: t, customer: client}\n").contacts
    assert same is not None
    assert same.known_by == "client"
    totals = study(BASE + "contacts: {path: c, week: w, count: n, timezone: UTC}\n").contacts
    assert totals is not None
    assert totals.are_totals
    assert totals.known_by is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_change_is_read_with_its_fields(study: Callable[..., Study], kind: str) -> None:
    (change,) = study(scenario(KINDS[kind])).scenarios[0].changes
    assert isinstance(change, Change)
    written = set(re.findall(r"(\w+): ", re.sub(r"\{(mon-fri|district)[^}]*\}", "x", KINDS[kind][1:-1])))
    assert {"from" if f == "from_" else f for f in change.model_fields_set} == written
    assert change.kind == kind
    assert change.words()


def test_python_and_the_study_file_name_the_same_kinds() -> None:
    kinds = {c.model_fields["kind"].default for c in Change.__subclasses__()}
    assert kinds == set(KINDS)


#: What is wrong -> (what follows the base, the problems that are told).
PROBLEMS: dict[str, tuple[str, list[str]]] = {
    "unknown key": ("windo: {}", [r"line 3: windo: there is no such key\. Did you mean 'window'\?"]),
    "unknown key inside": (
        "standard: {cycle_tme: 30 days}",
        [r"line 3: standard\.cycle_time: is needed", r"line 3: standard\.cycle_tme: .* Did you mean 'cycle_time'\?"],
    ),
    "wrong type": ("standard: {cycle_time: 30}", [r"line 3: standard\.cycle_time: must be text; 30 isn't"]),
    "negative duration": (
        "standard: {cycle_time: -3 days}",
        [r"line 3: standard\.cycle_time: '-3 days' is not a dura"],
    ),
    "share over 1": (
        "standard:\n  cycle_time: 3 days\n  target: 90",
        [r"line 5: standard\.target: .* 1 \(it says 90\)"],
    ),
    "text for a list": (
        "contacts: {path: c, time: t, status_reasons: status}",
        [r"line 3: contacts\.status_reasons: must be a list, such as \[one, two\]; 'status' isn't"],
    ),
    "no time of contacts": (
        "contacts: {path: c}",
        [r"line 3: contacts: needs time \(the column .*\), or week and count"],
    ),
    "week without count": (
        "contacts: {path: c, week: w}",
        [r"line 3: contacts: week is for totals by week, which need a count"],
    ),
    "totals without a week": ("contacts: {path: c, count: n}", [r"line 3: contacts: totals need either week or time"]),
    "totals with two weeks": (
        "contacts: {path: c, count: n, week: w, time: t}",
        [r"line 3: contacts: totals need either week or time"],
    ),
    "totals with cases": (
        "contacts: {path: c, count: n, week: w, case: k, closed_days: 5}",
        [r"line 3: contacts: count makes these weekly totals, which have no 'case', 'closed_days'; leave that out"],
    ),
    "reasons without a reason": (
        "contacts: {path: c, time: t, status_reasons: [status]}",
        [r"line 3: contacts: status_reasons has no meaning without reason"],
    ),
    "ambiguous without customers": (
        "contacts: {path: c, time: t, ambiguous: shared}",
        [r"line 3: contacts: ambiguous has no meaning without customer"],
    ),
    "unknown way to share": (
        "contacts: {path: c, time: t, customer: k, ambiguous: split}",
        [r"line 3: contacts\.ambiguous: .*'shared' or 'left'"],
    ),
    "customers that no case has": (
        "contacts: {path: c, time: t, customer: client}",
        [
            r"line 3: contacts: customer needs the attribute .*'client' isn't among the log's attributes\. Add it there, or name"
        ],
    ),
    "attribute that no case has": (
        "contacts:\n  path: c\n  time: t\n  customer: client\n  customer_attribute: clint",
        [r"line 3: contacts: customer needs .*'clint' isn't among the log's attributes"],
    ),
    "abandoned without outcomes": (
        "contacts: {path: c, time: t, abandoned: [gone], redial_rate: 0.5}",
        [r"line 3: contacts: abandoned has no meaning without outcome"],
    ),
    "abandoned without redials": (
        "contacts: {path: c, time: t, outcome: o, abandoned: [gone]}",
        [r"line 3: contacts: abandoned attempts need a redial_rate"],
    ),
    "redials of nothing": (
        "contacts: {path: c, time: t, redial_rate: 0.5}",
        [r"line 3: contacts: redial_rate has no meaning without abandoned"],
    ),
    "redials over one": (
        "contacts: {path: c, time: t, outcome: o, abandoned: [gone], redial_rate: 60}",
        [r"line 3: contacts\.redial_rate: .* \(it says 60\)"],
    ),
    "covers half": (
        "contacts: {path: c, time: t, covers: {from: 2025-01-01}}",
        [r"line 3: contacts\.covers\.to: is needed"],
    ),
    "covers end first": (
        "contacts: {path: c, time: t, covers: {from: 2025-03-01, to: 2025-01-01}}",
        [r"line 3: contacts\.covers: it ends \(2025-01-01\) before it begins \(2025-03-01\)"],
    ),
    "fewer than no days": (
        "contacts: {path: c, time: t, closed_days: -1}",
        [r"line 3: contacts\.closed_days: .* \(it says -1\)"],
    ),
    "unknown key of contacts": (
        "contacts: {path: c, time: t, redialrate: 0.5}",
        [r"line 3: contacts\.redialrate: there is no such key\. Did you mean 'redial_rate'\?"],
    ),
    "list for keys": ("calendar: [mon]", [r"line 3: calendar: must be keys with values"]),
    "truth for a number": (
        "costs: {currency: USD, staff_hour: true}",
        [r"line 3: costs\.staff_hour: must be a number"],
    ),
    "no number": ("costs: {currency: USD, staff_hour: nan}", [r"line 3: costs\.staff_hour: .*finite number"]),
    "no finite number": ("costs: {currency: USD, staff_hour: 1e999}", [r"line 3: costs\.staff_hour: .*finite number"]),
    "day as number": ("window: {from: 20250301}", [r"line 3: window\.from: must be a day such as 2025-03-01"]),
    "no such day": ("window: {from: 2025-02-30}", [r"line 3: window\.from: must be a day .*; '2025-02-30' isn't"]),
    "window ends first": (
        "window: {from: 2025-03-01, to: 2025-01-01}",
        [r"line 3: window: it ends \(2025-01-01\) bef"],
    ),
    "rate without source": (
        "costs: {currency: USD, discount_rate: 0.03}",
        [r"line 3: costs: discount_rate needs a discount_source"],
    ),
    "bad hours": ("calendar: {hours: {mon-fri: 9 to 5}}", [r"line 3: calendar: '9 to 5' isn't a span of office hours"]),
    "bad day": ("calendar: {hours: {mon-fry: 08:00-17:00}}", [r"line 3: calendar: 'mon-fry' isn't a day or a range"]),
    "unknown holidays": (
        "calendar: {hours: {mon: 08:00-17:00}, holidays: XX}",
        [r"line 3: calendar: 'XX' isn't a country"],
    ),
    "unknown zone": (
        "calendar: {hours: {mon: 08:00-17:00}, timezone: Mars/X}",
        [r"line 3: calendar: 'Mars/X' isn't a time zone"],
    ),
    "falling scale": (
        "feedback: {path: f, case: c, score: s, scale: [5, 1]}",
        [r"line 3: feedback\.scale: must rise .*5, 1"],
    ),
    "too few draws": ("simulation: {draws: 5}", [r"line 3: simulation\.draws: .* 20 \(it says 5\)"]),
    "no cell": ("privacy: {minimum_cell: 0}", [r"line 3: privacy\.minimum_cell: "]),
    "written twice": ("study: {}", [r"line 3: study is written twice"]),
    "written twice inside": (
        "privacy:\n  minimum_cell: 5\n  minimum_cell: 6",
        [r"line 5: privacy\.minimum_cell is written tw"],
    ),
    "alias": (
        "window: &a {from: 2025-01-01}\nprivacy: *a",
        [r"line 3: anchors and aliases", r"line 4: anchors and aliases"],
    ),
    "alias of a word": ("x: &a 5\ny: *a", [r"line 3: anchors and aliases", r"line 4: anchors and aliases"]),
    "tag": ("privacy: {minimum_cell: !!int 5}", [r"line 3: tags such as tag:yaml\.org,2002:int are not read"]),
    "tag of a mapping": ("privacy: !x {}", [r"line 3: tags such as !x are not read"]),
    "python tag": ("x: !!python/object/apply:os.system [ls]", [r"line 3: tags such as .*os\.system are not read"]),
    "list as a key": ("? [a]\n: b", [r"line 3: a key must be text"]),
    "two signatures": (
        "scenarios:\n- {name: A, signature: true, changes: [{kind: notify, by: 0.1}]}\n"
        "- {name: B, signature: true, changes: [{kind: notify, by: 0.1}]}",
        [r"line 3: scenarios: only one can be the signature initiative; these are: 'A', 'B'"],
    ),
    "one slug": (
        "scenarios:\n- {name: A b, changes: [{kind: notify, by: 0.1}]}\n- {name: a-B, changes: [{kind: notify, by: 0.1}]}",
        [r"line 3: scenarios: two names give the same id \(a_b\): 'A b', 'a-B'"],
    ),
    "no slug": (
        "scenarios:\n- {name: '?', changes: [{kind: notify, by: 0.1}]}",
        [r"line 4: scenarios\[0\]: name '\?' needs"],
    ),
    "bad month": (
        "scenarios:\n- name: A\n  start: 2027-13\n  changes: [{kind: notify, by: 0.1}]",
        [r"line 5: scenarios\[0\]\.start: must be a month such as 2027-01; '2027-13' isn't"],
    ),
    "months fall": (
        "scenarios:\n- {name: A, start: 2027-02, full_effect: 2027-01, changes: [{kind: notify, by: 0.1}]}",
        [r"line 4: scenarios\[0\]: full_effect \(2027-01\) comes before start \(2027-02\)"],
    ),
    "no change": ("scenarios:\n- {name: A, changes: []}", [r"line 4: scenarios\[0\]\.changes: .* at least 1 item"]),
}

CHANGE_PROBLEMS = {
    "{kind: notfy, by: 0.1}": r"\.changes\[0\]: there is no kind 'notfy'\. Did you mean 'notify'\? Kinds: remove_step, ",
    "{by: 0.1}": r"\.changes\[0\]: needs a kind, such as reduce_rework",
    "{kind: speed_up, activity: X, by: 2}": r"\.changes\[0\]\.by: .* \(it says 2\)",
    "{kind: speed_up, activity: X, by: 0.5, low: 0.6, evidnce: x}": r"\.changes\[0\]\.evidnce: .* Did you mean 'evidence'\?",
    "{kind: speed_up, activity: X, by: nan}": r"\.changes\[0\]\.by: ",
    "{kind: speed_up, activity: X, by: true}": r"\.changes\[0\]\.by: must be a number",
    "{kind: speed_up, activity: X, by: 0.2, wy: 1}": r"\.changes\[0\]\.wy: there is no such key",
    "{kind: speed_up, activity: X, by: 0.5, low: 0.6}": r"\.changes\[0\]: low, by and high must not fall: 0\.6, 0\.5, 0\.5",
    "{kind: speed_up, activity: X, by: 0.5, high: 1.5}": r"\.changes\[0\]: high must not exceed 1: 1\.5",
    "{kind: speed_up, activity: X, by: 0.5, low: -0.5}": r"\.changes\[0\]: low must not be negative: -0\.5",
    "{kind: speed_up, activity: X, by: 0.5, low: few}": r"\.changes\[0\]: 'few' must be a number",
    "{kind: automate, activity: X, to: 5}": r"\.changes\[0\]\.to: 5 must be a duration in words",
    "{kind: automate, activity: X, to: 5 min, high: 2 min}": r"low, to and high must not fall: 5 min, 5 min, 2 min",
    "{kind: reduce_rework, by: 0.5}": r"\.changes\[0\]: needs at least one of to, from and through",
    "{kind: add_capacity, staff: 2}": r"\.changes\[0\]: needs either pool or activity",
    "{kind: self_service, share: 0.2, cost: 1}": r"\.changes\[0\]: needs either reason or state",
    "{kind: release, activity: X, every: fortnight}": r"\.changes\[0\]\.every: 'fortnight' is none of 'immediately'",
    "{kind: release, activity: X, every: monday, low: 1}": r"\.changes\[0\]: low and high have no meaning here",
    "{kind: pool_resources, activities: [A]}": r"\.changes\[0\]\.activities: ",
}


@pytest.mark.parametrize("what", PROBLEMS)
def test_problems_are_told_with_their_line(study: Callable[..., Study], what: str) -> None:
    text, told = PROBLEMS[what]
    with pytest.raises(StudyError) as caught:
        study(BASE + text + "\n")
    assert len(caught.value.problems) == len(told), caught.value.problems
    for problem, pattern in zip(caught.value.problems, told, strict=True):
        assert re.search(f"^{pattern}", problem), problem


@pytest.mark.parametrize("change", CHANGE_PROBLEMS)
def test_problems_of_changes_are_told_with_their_line(study: Callable[..., Study], change: str) -> None:
    with pytest.raises(StudyError) as caught:
        study(scenario(change))
    assert len(caught.value.problems) == 1, caught.value.problems
    assert re.search(CHANGE_PROBLEMS[change], caught.value.problems[0]), caught.value.problems
    assert caught.value.problems[0].startswith("line 6: scenarios[0].changes[0]")


def test_a_field_that_is_needed_may_be_meant(study: Callable[..., Study]) -> None:
    with pytest.raises(StudyError) as caught:
        study(scenario("{kind: add_capacity, activity: X, people: 2}"))
    assert [p.partition("changes[0].")[2] for p in caught.value.problems] == [
        "people: there is no such key. Did you mean 'staff', which is needed?",
        "staff: is needed and isn't there",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"it is empty"),
        ("# nothing\n", r"it is empty"),
        ("null\n", r"must hold keys such as study"),
        ("[1, 2]\n", r"must hold keys such as study"),
        ("a: [\n", r"line 2, column 1: this isn't YAML: "),
        ("a: 1\n\tb: 2\n", r"line 2, column 1: this isn't YAML: .*\\t"),
        (b"study: \xff\n", r"it isn't UTF-8 text \(byte 7\)"),
        (b"a: " + b"x" * (1 << 20), r"it is larger than 1 MiB"),
        ("[" * 50_000, r"this isn't YAML|nested too deeply"),
        (
            "study: {title: T}\n",
            r"(?s)line 1: log: is needed.*line 1: study\.agency: is needed.*line 1: study\.service",
        ),
    ],
)
def test_files_that_hold_no_study(study: Callable[..., Study], text: str | bytes, told: str) -> None:
    with pytest.raises(StudyError, match=told):
        study(text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there is no such file"):
        read_study(tmp_path / "nothing.yaml")
    with pytest.raises(StudyError, match="can't be opened"):
        read_study(tmp_path)


def test_all_problems_come_at_once_in_the_order_of_the_lines(study: Callable[..., Study]) -> None:
    text = BASE + (
        "standard: {cycle_time: soon}\nprivacy: {minimum_cell: 0}\nwindo: {}\n"
        "scenarios:\n- {name: A, changes: [{kind: notify, by: 2}, {kind: nix}]}\n- {name: B, changes: [], owner: 5}\n"
    )
    with pytest.raises(StudyError) as caught:
        study(text)
    assert [re.match(r"line (\d+)", p).group(1) for p in caught.value.problems] == list("3457788")  # type: ignore[union-attr]
    assert str(caught.value).startswith("study.yaml has 7 problems:\n  - line 3: ")


def test_nothing_depends_on_quotation_marks(study: Callable[..., Study]) -> None:
    """13:00 would be 780 and 2027-01-05 a date to other readers of YAML; here both stay text, and days are read later."""
    plain = scenario("{kind: release, activity: A, every: 13:00}")
    quoted = scenario('{kind: release, activity: "A", every: "13:00"}')
    assert study(plain) == study(quoted)
    hours = "calendar: {hours: {mon-fri: %s}, holidays: [%s]}\nwindow: {from: %s}\n"
    assert study(BASE + hours % ("08:00-17:00", "2025-07-04", "2025-03-01")) == study(
        BASE + hours % ('"08:00-17:00"', '"2025-07-04"', '"2025-03-01"')
    )


def test_yes_and_no_stay_words_and_empty_is_nothing(study: Callable[..., Study]) -> None:
    read = study(BASE + "contacts:\nfeedback: null\npools: {no: [yes]}\n")
    assert read.contacts is None
    assert read.feedback is None
    assert read.pools == {"no": ("yes",)}


def test_the_schema_is_valid_and_knows_what_the_reader_knows(study: Callable[..., Study]) -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == "streamline study file"
    kinds = {d["properties"]["kind"]["const"] for d in schema["$defs"].values() if "kind" in d.get("properties", {})}
    assert kinds == set(KINDS)
    assert set(schema["$defs"]["Window"]["properties"]) == {"from", "to"}
    validator = jsonschema.Draft202012Validator(schema)
    content = study(DESIGN).model_dump(mode="json", by_alias=True)
    assert list(validator.iter_errors(content)) == []
    assert [e.validator for e in validator.iter_errors({**content, "windo": 1})] == ["additionalProperties"]


def test_shipped_studies_are_read() -> None:
    found = sorted(CHECKOUT.glob("tests/studies/*.yaml"))
    assert found
    for path in (CHECKOUT / "sample_logs/study.yaml", *found):
        assert read_study(path).study.title


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm", "loan"])
def test_the_truth_studies_are_read(shared_truth: Path, name: str) -> None:
    assert len(read_study(shared_truth / name / "study.yaml").scenarios) in (3, 7)


@pytest.mark.parametrize(("name", "id_"), [("Ä-Ö", "ä_ö"), ("  A  b ", "a_b"), ("x__y", "x_y"), ("–", "")])
def test_slugs(name: str, id_: str) -> None:
    assert slug(name) == id_


def test_shares_of_a_scenarios_strength_are_whole_percents(study: Callable[..., Study]) -> None:
    assert study(BASE).simulation.shares == (0.25, 0.5, 0.75)
    assert study(BASE + "simulation: {shares: [0.9, 0.07]}\n").simulation.shares == (0.07, 0.9)
    assert study(BASE + "simulation: {shares: []}\n").simulation.shares == ()
    for shares, said in (
        ("[0.333]", "simulation.shares: shares must be whole percents, such as 0.25"),
        ("[0.5, 0.5]", "simulation.shares: each share once"),
        ("[1]", r"simulation.shares\[0\]: .*below 1"),
        ("[0]", r"simulation.shares\[0\]: .*above 0"),
    ):
        with pytest.raises(StudyError, match=said):
            study(BASE + f"simulation: {{shares: {shares}}}\n")
