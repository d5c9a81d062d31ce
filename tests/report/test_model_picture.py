"""Pictures of process models: whole names in their boxes, nothing on top of anything, the same in words."""

from __future__ import annotations

import itertools

import pytest

from streamline.figure import ModelNode, ModelPicture
from streamline.measure.models.diagram import (
    CHOICE,
    DOWN_THE_PAGE,
    LOOP,
    PARALLEL,
    SEQUENCE,
    SKIP,
    STEP,
    Block,
    Diagram,
    block_words,
    diagram_of,
)
from streamline.report.chart import chart_svg, describe
from streamline.report.lettering import text_width
from streamline.report.model_picture import lines_in


def _step(name: str) -> Block:
    return Block(kind=STEP, activity=name)


BLOCK = Block(
    kind=SEQUENCE,
    inside=(
        _step("Intake check"),
        Block(kind=LOOP, inside=(_step("Technical review"), _step("Information received"))),
        Block(kind=PARALLEL, inside=(_step("Determine whether the request must be held"), _step("b"), _step("c"))),
        Block(kind=CHOICE, inside=(_step("Inspect"), Block(kind=SKIP))),
    ),
)


def _picture(diagram: Diagram) -> ModelPicture:
    return ModelPicture(
        title="The model",
        nodes=tuple(
            ModelNode(kind=n.kind, label=n.activity, x=n.x, y=n.y, width=n.width, height=n.height)
            for n in diagram.nodes
        ),
        lines=tuple(f.points for f in diagram.flows),
        width=diagram.width,
        height=diagram.height,
        words=block_words(BLOCK),
    )


def test_nodes_lie_apart_and_lines_pass_beside_steps() -> None:
    diagram = diagram_of(BLOCK, DOWN_THE_PAGE)
    for a, b in itertools.combinations(diagram.nodes, 2):
        assert abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= (a.height + b.height) / 2
    for node in diagram.nodes:
        assert node.width / 2 <= node.x <= diagram.width - node.width / 2
        assert node.height / 2 <= node.y <= diagram.height - node.height / 2
    for flow in diagram.flows:
        for (x, y), (u, v) in itertools.pairwise(flow.points):
            assert x == u or y == v, "lines run straight along one axis"
            for node in diagram.nodes:
                inside_x = min(x, u) < node.x + node.width / 2 and max(x, u) > node.x - node.width / 2
                inside_y = min(y, v) < node.y + node.height / 2 and max(y, v) > node.y - node.height / 2
                assert not (node.kind == STEP and inside_x and inside_y)


@pytest.mark.parametrize("scale", [1.0, 0.6, 0.3])
def test_names_fit_into_their_boxes(scale: float) -> None:
    for node in _picture(diagram_of(BLOCK, DOWN_THE_PAGE)).nodes:
        lines, size = lines_in(node, scale)
        assert all(text_width(line, size) <= node.width * scale for line in lines)
        assert " ".join(lines) == node.label
        assert not lines or len(lines) * size * 1.2 <= node.height * scale


def test_the_picture_holds_all_names_and_is_the_same_each_time() -> None:
    chart = _picture(diagram_of(BLOCK, DOWN_THE_PAGE))
    drawn = chart_svg(chart, wide=True, title_id="m")
    assert chart_svg(chart, wide=True, title_id="m") == drawn
    for name in ("Intake check", "Inspect", "Technical"):
        assert name in drawn
    assert chart_svg(chart, wide=False, title_id="m") != drawn


def test_the_model_in_words() -> None:
    assert describe(_picture(diagram_of(BLOCK, DOWN_THE_PAGE))) == (
        "The model in words: Intake check, then once or more (Technical review), each time after (Information received), then "
        "in any order (Determine whether the request must be held) and (b) and (c), then either (Inspect) or nothing."
    )
