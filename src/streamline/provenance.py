"""Where the numbers come from: digests of the inputs, the version, the seed, the arguments. No clock: the same
records, study and version give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file that was read."""

    #: study, template, log, contacts, feedback
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
        }


def version() -> str:
    """The version of this package."""
    return metadata.version("streamline")
