"""Pictures in a page that is read in the dark: each colour has a counterpart that stands out on a dark ground.

A picture is drawn once, in the colours of paper. In the page each of its colours becomes a name, with the colour itself
for where the name isn't known: `#1b1f24` becomes `var(--c-1b1f24, #1b1f24)`. The page gives the names other values
where the reader's system asks for dark; on paper, and in a picture taken out of the page, it keeps its own.
"""

from __future__ import annotations

import re

#: The ground that pictures stand on in the dark: the page's own.
GROUND = "#14181d"

#: Of each colour that pictures are drawn in, the one in the dark. Of the fills any two are told apart with each kind of
#: colour blindness, as on paper (a distance of 17 or more in CIELAB), and hold 3:1 on the ground; shades of a heat map
#: run the other way, so that what is most stands out most.
DARK = {
    # ground, text and rules
    "#ffffff": GROUND,
    "#1b1f24": "#e9edf1",
    "#4a5460": "#b4bec8",
    "#c5ccd3": "#3a444f",
    # fills of groups
    "#1f6ba8": "#639fe3",
    "#e0641a": "#f7941d",
    "#1f9b7a": "#2fe68d",
    "#7a2e00": "#926f21",
    "#5c6470": "#929fb3",
    "#3a2f8f": "#7e4ae8",
    "#a8323e": "#c73c63",
    "#1f2a36": "#e4e6e7",
    # more colours of the performance spectrum
    "#0b3c6f": "#b9d8f7",
    "#2b93cf": "#3f86b8",
    "#8a6a00": "#d8b93a",
    # shades of a heat map, the least first
    "#edf4fa": "#1a242e",
    "#c6ddef": "#1d3a54",
    "#94c1e2": "#1f5079",
    "#5a9dcd": "#26689e",
    "#2a76b0": "#6aaede",
    "#10518a": "#9fcdf0",
    "#062c55": "#d5eafb",
    # maps: steps, what happens outside, ways forward and back
    "#eef4f9": "#1b2a38",
    "#1f5f94": "#7db8e6",
    "#fbf3f8": "#2f1f2b",
    "#8a3b78": "#dc9cce",
    "#47525e": "#aab5c0",
    "#b23c00": "#ff9d66",
}

_TAG = re.compile(r"<[^<>]+>")
_PAINTED = re.compile(r' (?:style|fill|stroke)="[^"]*"')
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")


def named_colours(svg: str) -> str:
    """The picture with its colours named; those without a counterpart stay as they are.

    >>> named_colours('<text style="fill: #1b1f24">#1b1f24</text>')
    '<text style="fill: var(--c-1b1f24, #1b1f24)">#1b1f24</text>'
    """
    return _TAG.sub(lambda tag: _PAINTED.sub(lambda painted: _COLOUR.sub(_name, painted[0]), tag[0]), svg)


def _name(colour: re.Match[str]) -> str:
    return f"var(--c-{colour[0][1:]}, {colour[0]})" if colour[0] in DARK else colour[0]


def dark_style() -> str:
    """The rule that gives the names their values in the dark, for the page's style."""
    values = " ".join(f"--c-{paper[1:]}: {dark};" for paper, dark in DARK.items())
    return f"@media screen and (prefers-color-scheme: dark) {{ .card {{ {values} }} }}"
