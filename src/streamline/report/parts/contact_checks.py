"""How far the figures about contacts can be relied on: what they told of a later part of the period, and how they were made."""

from __future__ import annotations

from dataclasses import replace

from streamline.report import contacted, tables
from streamline.report.analysis import Analysis
from streamline.report.diagnosed import with_gaps
from streamline.report.parts.saying import Say, figure, numbered, paragraph, said
from streamline.report.section import Block, Bullets, Paragraph, Part


def contact_checks(a: Analysis, say: Say) -> tuple[Part, ...]:
    """The part under "Why customers call"; none where no rates are told."""
    if a.answers is None or a.answers.rates is None or not a.answers.of_customers:
        return ()
    blocks = [*_held(a, say), *paragraph(said(say, "contacts.dispersion", "contacts.calibration"))]
    table = tables.contact_calibration(a)
    blocks += [table] if len(table.rows) > 1 else []
    blocks += [Paragraph(text="How the figures about contacts were made:"), Bullets(items=tuple(_made(a)))]
    return (Part(id="contact-checks", title="How far these figures can be relied on", blocks=tuple(blocks)),)


def _held(a: Analysis, say: Say) -> list[Block]:
    """How well the rates told what they hadn't seen."""
    assert a.answers is not None
    found = contacted.forecast_of(a)
    if found is None:
        why = a.answers.untold.get("forecast", "Too few contacts came in single weeks for it to be shown.")
        (because,) = contacted.published_words((why,), a)
        return [*paragraph(f"Whether these rates hold for a later period could not be checked. {because}")]
    lead = (
        "The rates were put to a test: those of the first 70% of the period had to foretell the contacts of the rest."
    )
    text = said(say, "contacts.forecast.total", "contacts.forecast.weekly_error", "contacts.forecast.weeks_inside")
    rivals = " ".join(f.statement for f in numbered(say, "contacts.forecast.rival", "weekly_error"))
    n = len(found.table)
    chart = found.chart()
    came, told = chart.lines
    lines = (came, replace(told, label="Expected from the weeks before"))
    note = f"{found.n_contacts:,.0f} contacts in {n} weeks. Band: {found.predicted.level:.0%} intervals by week."
    drawn = with_gaps(replace(chart, lines=lines, note=note), f"weeks of fewer than {a.minimum_cell} contacts")
    few = f"The contacts week by week aren't shown: in many weeks fewer than {a.minimum_cell} came."
    return [
        Paragraph(text=f"{lead} {text}"),
        figure("contact-forecast", "Contacts by week, and what the weeks before let expect", drawn)
        if contacted.most_weeks_told(a)
        else Paragraph(text=few),
        *paragraph(rivals and f"{rivals} {_verdict(a)}"),
        tables.contact_forecast(a),
    ]


def _verdict(a: Analysis) -> str:
    """Which way told single weeks best, in a sentence of the forecast check."""
    found = contacted.forecast_of(a)
    assert found is not None
    text = found.summary[-1].split(". Errors of the rivals")[0]
    # the longest name first: one may be the beginning of another
    for name, words in sorted(contacted.RIVALS.items(), key=lambda item: -len(item[0])):
        if name in text:
            text = text.replace(name, words)
            break
    return f"{text.rstrip('.')}."


def _made(a: Analysis) -> list[str]:
    """The method, for those who want to know."""
    assert a.answers is not None
    rates = a.answers.rates
    assert rates is not None
    items = [
        "A rate is the number of linked contacts over the days that cases spent awaiting a step, within the time that the "
        "records of contacts cover, scaled up by the share that could be linked. Intervals of rates resample whole cases.",
        f"What waiting longer or a missed date makes of a rate is told with all else alike, of contacts that no earlier one "
        f"led to. {rates.why}",
    ]
    if a.answers.loops is not None:
        items.append(
            "Contacts while a loop lasts would partly have come without it. The comparison with like cases (same channel, "
            "attributes and week of arrival) leaves these out, but not what else sets such cases apart."
        )
    found = contacted.forecast_of(a)
    if found is not None:
        items += contacted.published_words(found.caveats, a)
    return items
