"""Why customers call, and what they say in surveys."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.report import contacted, tables
from streamline.report.analysis import Analysis
from streamline.report.findings.contact_records import contact_quality_words
from streamline.report.parts.contact_checks import contact_checks
from streamline.report.parts.saying import Say, cautions, figure, numbered, paragraph, said
from streamline.report.section import Block, Bullets, Caution, Paragraph, Part, Table
from streamline.results import Finding

_TITLE = "Why customers call"


def contacts_part(a: Analysis, say: Say) -> Iterator[Part]:
    """The part about contacts, and the one about survey answers where there are some."""
    if a.weekly is not None or a.totals is not None:
        blocks = _of_totals(a, say)
    elif a.answers is None:
        blocks = [
            Paragraph(
                text="The study names no records of calls or other contacts, so nothing is told of why customers call."
            )
        ]
    else:
        blocks = _of_contacts(a, say)
    yield Part(id="contacts", title=_TITLE, blocks=tuple(blocks), parts=contact_checks(a, say))
    yield from _feedback(a, say)


def _of_contacts(a: Analysis, say: Say) -> list[Block]:
    answers = a.answers
    assert answers is not None
    met = [contact_quality_words(f, a) for f in answers.quality.findings if f.kind != "unlinked"]
    if answers.links is None:
        return [*cautions(contacted.published_words((answers.untold["links"],), a)), *_met(met)]
    if not answers.of_customers:
        return _not_of_customers(a, say)
    blocks: list[Block] = []
    blocks += paragraph(said(say, "baseline.contacts_per_case", "contacts.status_share", "contacts.link_share"))
    if answers.rates is None:
        blocks += cautions(contacted.published_words((answers.untold["rates"],), a))
    blocks += _states(a, say)
    blocks += paragraph(said(say, "contacts.waiting.ratio", "contacts.overdue.ratio"))
    blocks += _loops(a, say)
    blocks += paragraph(
        said(
            say,
            "contacts.first_contact_resolution",
            "contacts.repeat_ratio",
            "contacts.net_of_redials",
            "contacts.switched_share",
        )
    )
    if len(contacted.reasons(a)) > 1:
        blocks.append(tables.contact_reasons(a))
    blocks += _met(met)
    return [*blocks, *_unknown(a)]


def _states(a: Analysis, say: Say) -> list[Block]:
    """In which state they get in touch most, as words, picture and table."""
    assert a.answers is not None
    if a.answers.rates is None:
        return []
    shown = contacted.rates_of(a)
    chart = shown.chart()
    blocks: list[Block] = []
    drawn = [bar.label for bar in getattr(chart, "bars", ())]
    told = [f for f in say.values() if f.id.startswith("contacts.state.") and getattr(f, "subject", "") in drawn]
    if told:
        top = max(told, key=lambda f: f.value or 0)
        most = next((f for f in told if getattr(f, "subject", "") == shown.by_state["state"].iloc[0]), top)
        text = f"One state of their case had both the highest rate and the most contacts: {_within(top.statement)}"
        if most.id != top.id:
            text = (
                f"One state of their case had the highest rate: {_within(top.statement)} Another had the most contacts, since "
                f"cases spend more days in it: {_within(most.statement)}"
            )
        blocks.append(Paragraph(text=text))
        blocks.append(figure("contact-rates", "Contacts per 100 open days, by what the case awaits", chart))
    table = tables.contacts(a)
    return [*blocks, table] if table.rows else blocks


def _loops(a: Analysis, say: Say) -> list[Block]:
    found = numbered(say, "contacts.loop", "per_occurrence")
    blocks: list[Block] = [*paragraph(" ".join(f.statement for f in found[:1]))]
    return [*blocks, tables.contact_loops(a)] if len(found) > 1 else blocks


def _within(sentence: str) -> str:
    """A sentence after a colon."""
    return sentence[:1].lower() + sentence[1:]


def _unknown(a: Analysis) -> list[Block]:
    """What can't be known from these records."""
    assert a.answers is not None
    links, why = a.answers.links, a.answers.why
    assert links is not None
    items = [
        "Whether a wait, a loop or a missed date made a customer call, or whether customers who call much also have cases that "
        "wait: the figures compare, they don't prove.",
    ]
    if why is not None and why.is_lower_bound:
        items.append("What customers asked: no reasons are recorded.")
    elif why is not None and why.unrecorded_share > 0.05:
        items.append(f"What {why.unrecorded_share:.0%} of the contacts were about: they have no recorded reason.")
    items.append("Who tried and gave up before anybody answered, unless the telephone system records it." if links.redial_rate is
                 None else "How many of those who gave up dialled again: the study's own share is taken.")  # fmt: skip
    told = contacted.published_words(contacted.contact_caveats(a), a)
    items += [c for c in told if c not in items and not c.startswith(("Rates are", "Most linked"))]
    return [
        Paragraph(text="What these records can't tell, or tell only in part:"),
        Bullets(items=tuple(dict.fromkeys(items))),
    ]


def _met(texts: list[str]) -> list[Block]:
    if not texts:
        return []
    return [Paragraph(text="What was met in the records of contacts:"), Bullets(items=tuple(texts))]


def _not_of_customers(a: Analysis, say: Say) -> list[Block]:
    """Records that only look like contacts: what they are, and the plain numbers."""
    assert a.answers is not None
    links = a.answers.links
    assert links is not None
    first = links.caveats[-1:]
    blocks: list[Block] = [*cautions(first)]
    blocks += paragraph(said(say, "baseline.contacts_per_case", "contacts.link_share"))
    blocks.append(
        Paragraph(
            text="So nothing is told here of why customers call. To tell it, and what a longer wait or a loop costs in calls "
            "and how many calls a change would save, records of the contacts that customers made about their cases are needed."
        )
    )
    rest = [c for c in contacted.published_words(contacted.contact_caveats(a), a) if c not in first]
    return [*blocks, *cautions(rest)]


def _of_totals(a: Analysis, say: Say) -> list[Block]:
    """Contacts that are known by week only."""
    if a.weekly is None:
        return [Caution(text=a.totals_missing)]
    w = a.weekly
    states = [f for f in say.values() if f.id.startswith("contacts.state.") and (f.low or 0) > 0]
    top = max(states, key=lambda f: f.value or 0.0, default=None)
    text = (
        f"As far as the weekly totals tell, the rate was highest in one state. {top.statement}"
        if top is not None
        else "The weekly totals don't tell in which state of a case customers get in touch more than in others: every rate "
        "may as well be 0."
    )
    return [
        Paragraph(
            text=f"Contacts are known by the week only: {w.n_contacts:,} in {w.n} weeks. "
            f"{said(say, 'baseline.contacts_per_case')} {text}"
        ),
        *([tables.weekly_contacts(a)] if len(contacted.weekly_states(a)) else []),
        *cautions(w.caveats),
        Paragraph(
            text="Without the case of each contact it can't be told how many ask how far their case is, how many come again, "
            "what waiting longer, a missed date or a loop costs in calls, or how many calls a change would save."
        ),
    ]


def _feedback(a: Analysis, say: Say) -> Iterator[Part]:
    """What customers say in surveys."""
    if a.scores is None:
        return
    blocks: list[Block]
    if "feedback.mean_score" not in say:
        blocks = [
            Paragraph(
                text=f"Fewer than {a.minimum_cell} customers answered the survey; nothing is told of their answers."
            )
        ]
    else:
        blocks = [
            *paragraph(said(say, "feedback.mean_score", "feedback.answering")),
            *paragraph(
                _apart([f for f in say.values() if f.id.startswith("feedback.cycle_time.")], "how long a case took")
            ),
        ]
        table: Table = tables.feedback(a)
        blocks += [table] if table.rows else []
        blocks += cautions(a.scores.caveats)
    yield Part(id="feedback", title="What customers say", blocks=tuple(blocks))


def _apart(found: list[Finding], by: str) -> str:
    """The ends of the groups, if their intervals lie apart."""
    known = [f for f in found if f.low is not None and f.high is not None and f.value is not None]
    if len(known) < 2:
        return ""
    first, last = known[0], known[-1]
    assert first.low is not None
    assert first.high is not None
    assert last.low is not None
    assert last.high is not None
    if last.high < first.low or last.low > first.high:
        return f"Scores go together with {by}. {first.statement} {last.statement}"
    return f"Scores differ little by {by}, as far as chance lets tell."
