"""Pictures in the dark: every colour has a counterpart, and the counterparts can be told apart and read."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from test_chart import contrast
from test_chart_kinds import ALL, BLIND, _lab

from streamline.report.chart import chart_svg
from streamline.report.dark_pictures import DARK, GROUND, dark_style, named_colours
from streamline.report.drawing import FILLS
from streamline.report.heat import _SHADES
from streamline.report.lettering import INK, QUIET
from streamline.report.map import BACK, FORWARD, OUTSIDE, OUTSIDE_LINE, STEP, STEP_LINE
from streamline.report.spectrum import _FAST_TO_SLOW


@pytest.mark.parametrize("name", ALL)
def test_no_colour_of_a_picture_keeps_its_daylight(name):
    svg = named_colours(chart_svg(ALL[name], wide=True, title_id="x"))
    left = re.sub(r"var\(--c-([0-9a-f]{6}), #\1\)", "", svg)
    painted = "".join(re.findall(r'(?:style|fill|stroke)="[^"]*"', left))
    assert re.findall(r"#[0-9a-f]{6}\b", painted) == []


def test_every_constant_colour_has_a_counterpart():
    for colour in (*FILLS, *_SHADES, *_FAST_TO_SLOW, INK, QUIET, STEP, STEP_LINE, OUTSIDE, OUTSIDE_LINE, FORWARD, BACK):
        assert colour in DARK


@pytest.mark.parametrize("sight", BLIND)
def test_fills_in_the_dark_differ_for_every_eye(sight):
    for a, b in itertools.combinations((DARK[f] for f in FILLS), 2):
        assert np.linalg.norm(_lab(a, BLIND[sight]) - _lab(b, BLIND[sight])) >= 17, (a, b)


def test_colours_have_contrast_in_the_dark():
    for line in (*FILLS, *_FAST_TO_SLOW, FORWARD, STEP_LINE, OUTSIDE_LINE):
        assert contrast(DARK[line], GROUND) >= 3, line
    for text in (INK, QUIET, BACK):
        assert contrast(DARK[text], GROUND) >= 4.5
    for ground in (STEP, OUTSIDE):
        assert contrast(DARK[INK], DARK[ground]) >= 4.5


def test_words_that_look_like_colours_stay():
    words = '<text>a style="fill: #1b1f24"</text>'
    assert named_colours(words) == words
    assert dark_style().count("--c-") == len(DARK)
