"""Where the numbers come from: digests of the inputs, the version, the seed, the arguments. No clock: the same
records, study and version give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file that was read."""

    #: study, template, log, contacts, feedback, findings
    role: str
    name: str
    sha256: str
    rows: int
    rejected: int
    #: How it was read: delimiter, encoding, date forms.
    reading: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a section was made from."""

    inputs: tuple[InputFile, ...]
    version: str
    seed: int
    draws: int
    #: How the counted cases were chosen from those read.
    history: tuple[str, ...] = ()
    #: What was asked for besides the study, such as a date; empty for a plan.
    asked: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As in findings.json."""
        return {
            "inputs": [
                {"role": i.role, "name": i.name, "sha256": i.sha256, "rows": i.rows, "rejected": i.rejected}
                for i in self.inputs
            ],
            "version": self.version,
            "seed": self.seed,
            "draws": self.draws,
            **({"asked": dict(self.asked)} if self.asked else {}),
        }


def version() -> str:
    """The version of this package."""
    return metadata.version("streamline")
