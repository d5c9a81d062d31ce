"""Why customers call."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.report import tables
from streamline.report.analysis import Analysis
from streamline.report.parts.saying import Say, figure, said
from streamline.report.published import publishable_result
from streamline.report.section import Block, Caution, Paragraph, Part


def contacts_part(a: Analysis, say: Say) -> Iterator[Part]:
    if a.contacts is None:
        return
    blocks: list[Block] = []
    if a.rates is None:
        blocks.append(Caution(text=a.rates_missing))
    else:
        ids = ["baseline.contacts_per_case", "contacts.status_share"]
        blocks.append(Paragraph(text=said(say, *ids)))
        states = [f for f in say.values() if f.id.startswith("contacts.state.")]
        if states:
            top = max(states, key=lambda f: f.value or 0)
            blocks.append(
                Paragraph(text=f"They got in touch at the highest rate in one state of the case. {top.statement}")
            )
            blocks.append(
                figure(
                    "contact-rates",
                    "Contacts per 100 open days, by what the case awaits",
                    publishable_result(a.rates, a).chart(),
                )
            )
        blocks.append(tables.contacts(a))
        blocks += [Caution(text=c) for c in a.rates.caveats]
    if a.scores is not None and "feedback.mean_score" in say:
        blocks += [Paragraph(text=say["feedback.mean_score"].statement), tables.feedback(a)]
        blocks += [Caution(text=c) for c in a.scores.caveats]
    yield Part(id="contacts", title="Why customers call", blocks=tuple(blocks))
