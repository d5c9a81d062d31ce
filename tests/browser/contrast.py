"""The contrast of text in pictures with what lies behind it, by WCAG 2.2 (relative luminance), from pixels.

A picture is taken with its text in black and in white: where the two differ there are letters, however pale they are.
A third one without text shows what lies behind them; the contrast of a text is that of its own colour with these pixels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Float = npt.NDArray[np.float64]

#: Contrast that small and large text needs (WCAG 1.4.3, AA); large is 24 pixels, or 18.66 in bold.
SMALL, LARGE = 4.5, 3.0
#: So much of a letter may lie on a line that crosses it: a rule of the chart, an arrow under a label.
CROSSED = 0.05
#: Pixels that black and white text change by less than this, of 255, belong to no letter.
EDGE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContrast:
    """One text: the contrast that all but `CROSSED` of its pixels reach, and what it needs."""

    text: str
    contrast: float
    needed: float
    n_pixels: int

    @property
    def enough(self) -> bool:
        return self.contrast >= self.needed


def luminance(rgb: Float) -> Float:
    """Relative luminance of colours, (…, 3) of 0 to 255.

    >>> [float(luminance(np.array(c, dtype=float))) for c in ((0, 0, 0), (255, 255, 255))]
    [0.0, 1.0]
    """
    part = rgb / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]), dtype=np.float64)


def contrast(one: Float, other: Float) -> Float:
    """Contrast ratio, 1 to 21.

    >>> float(contrast(np.zeros(3), np.full(3, 255.0)))
    21.0
    """
    a, b = luminance(one), luminance(other)
    return np.asarray((np.maximum(a, b) + 0.05) / (np.minimum(a, b) + 0.05), dtype=np.float64)


def contrasts(found: list[dict[str, Any]]) -> list[TextContrast]:
    """Of each text that contrast.cjs found; texts without a pixel of their own are told with contrast 1."""
    told = []
    for picture in found:
        black, white, behind = (
            np.asarray(Image.open(Path(f)).convert("RGB"), dtype=np.float64) for f in picture["files"]
        )
        letters = np.abs(white - black).max(axis=2) >= EDGE
        for text in picture["texts"]:
            left, top, right, bottom = (round(x) for x in text["box"])
            place = slice(max(top, 0), bottom + 1), slice(max(left, 0), right + 1)
            mine = behind[place][letters[place]]
            told.append(_of_text(text, mine))
    return told


def _of_text(text: dict[str, Any], behind: Float) -> TextContrast:
    large = text["size"] >= 24 or (text["bold"] and text["size"] >= 18.66)
    if len(behind) == 0:
        reached = 1.0
    else:
        colour = np.array([float(x) for x in re.findall(r"[\d.]+", text["fill"])[:3]])
        mixed = text["seen"] * colour + (1 - text["seen"]) * behind
        reached = float(np.quantile(contrast(mixed, behind), CROSSED))
    return TextContrast(text=text["text"], contrast=reached, needed=LARGE if large else SMALL, n_pixels=len(behind))
