"""The process map: where things go, what is written, and what happens when Graphviz takes too long."""

from __future__ import annotations

import math
import os
import random
import re
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from streamline.figure import FlowMap, MapEdge, MapNode
from streamline.report import map as process_map
from streamline.report import map_layout
from streamline.report.lettering import clean, text_width
from streamline.report.map import draw_map, edge_width, layout, map_svg

SVG = "{http://www.w3.org/2000/svg}"


def chain(n: int, *extra: MapEdge) -> FlowMap:
    """n steps in a row, with more edges."""
    nodes = tuple(MapNode(label=f"Step {i}", n=100, waiting_days=1.5, share=1.0) for i in range(n))
    return FlowMap(title="Chain", nodes=nodes, edges=(*(edge(i, i + 1) for i in range(n - 1)), *extra))


def edge(source: int, target: int, *, n: int = 100, returns: bool = False) -> MapEdge:
    return MapEdge(source=source, target=target, n=n, n_cases=n, share=n / 100, mean_days=2.0, returns=returns)


def crowd(n: int, seed: int = 3) -> FlowMap:
    """n steps with random ways ahead and back."""
    draw = random.Random(seed)
    extra = [edge(i, min(n - 1, i + draw.randrange(2, 6)), n=draw.randrange(5, 100)) for i in range(n - 2)]
    back = [
        edge(i, draw.randrange(max(0, i - 8), i + 1), n=draw.randrange(1, 30), returns=True)
        for i in range(n)
        if draw.random() < 0.4
    ]
    return chain(n, *extra, *back)


def apart(plan: map_layout.MapLayout) -> None:
    """No box lies on another, and all are inside the picture."""
    for i, a in enumerate(plan.boxes):
        assert a.width / 2 <= a.x <= plan.width - a.width / 2 + 0.1
        assert a.height / 2 <= a.y <= plan.height - a.height / 2 + 0.1
        for b in plan.boxes[i + 1 :]:
            assert abs(a.x - b.x) >= (a.width + b.width) / 2 - 0.1 or abs(a.y - b.y) >= (a.height + b.height) / 2 - 0.1


def touches(point: tuple[float, float], box: map_layout.MapBox, slack: float) -> bool:
    return abs(point[0] - box.x) <= box.width / 2 + slack and abs(point[1] - box.y) <= box.height / 2 + slack


@pytest.fixture
def late(monkeypatch):
    """Graphviz that never answers."""
    monkeypatch.setattr(map_layout, "_command", lambda: [sys.executable, "-c", "import time; time.sleep(600)"])


def test_boxes_run_down_and_dont_meet(sample):
    plan = layout(sample.MAP)
    assert plan.by == "graphviz"
    assert plan.problem == ""
    apart(plan)
    for e in sample.MAP.edges:
        if not e.returns and e.source != e.target:
            assert plan.boxes[e.source].y < plan.boxes[e.target].y
    assert plan.boxes[0].y == min(box.y for box in plan.boxes)
    assert plan.boxes[-1].y == max(box.y for box in plan.boxes)


@pytest.mark.parametrize("by", ["graphviz", "rows"])
def test_each_arrow_leaves_its_source_and_ends_at_its_target(sample, by, request):
    if by == "rows":
        request.getfixturevalue("late")
    for flow in (sample.MAP, crowd(20)):
        plan = layout(flow, 0.2 if by == "rows" else 20.0)
        assert plan.by == by
        for e, path in zip(flow.edges, plan.paths, strict=True):
            assert touches(path.points[0], plan.boxes[e.source], 3)
            assert touches(path.tip, plan.boxes[e.target], 3)
            assert len(path.points) % 3 == 1
            assert 0 <= path.label_at[0] <= plan.width


def test_boxes_hold_their_text(sample):
    for box in layout(sample.MAP).boxes:
        lines = process_map.lines_of(box)
        for text, y, size, bold in lines:
            assert text_width(text, size, bold=bold) <= box.width - 20
            assert box.y - box.height / 2 < y - size * 0.7
            assert y < box.y + box.height / 2
        assert len(lines) == len(box.name) + len(box.details)


def test_the_picture_says_every_name_count_and_wait(sample):
    svg = map_svg(sample.MAP, title_id="m")
    root = ElementTree.fromstring(svg)
    drawn = " ".join("".join(t.itertext()) for t in root.iter(f"{SVG}text"))
    for node in sample.MAP.nodes:
        assert clean(node.label).replace(" ", "") in drawn.replace(" ", "")
    assert "6,812 cases (92%) 7,612 times wait 1.4 days" in drawn, "a step that some cases repeat"
    assert drawn.count("times") == 2, "once in its box and once in the key"
    assert "5,012 cases (68%) wait 5.6 days" in drawn
    assert "wait 2.1 days" in drawn
    assert "wait not known" in drawn
    assert "outside the agency" in drawn
    assert "2,000 cases 3.1 days" in drawn
    assert "nan" not in drawn.lower()
    assert "<b>" not in svg


def test_an_svg_is_labelled_and_has_no_size(sample):
    root = ElementTree.fromstring(map_svg(sample.MAP, title_id="m", desc="Words <of> it"))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "m m-desc"
    assert root[0].text == "The service as it runs"
    assert root[1].text == "Words <of> it"
    assert root.get("width") is None
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert ids == ["m", "m-desc"]


def test_ways_back_are_dashed_and_of_another_colour(sample):
    root = ElementTree.fromstring(map_svg(sample.MAP, title_id="m"))
    curves = [p for p in root.iter(f"{SVG}path") if " C" in p.get("d")]
    assert len(curves) == len(sample.MAP.edges)
    for e, curve in zip(sample.MAP.edges, curves, strict=True):
        assert (curve.get("stroke-dasharray") is not None) == e.returns
        assert (curve.get("stroke") == process_map.BACK) == e.returns


def test_busier_arrows_are_thicker(sample):
    widths = sorted((e.n_cases, edge_width(e, sample.MAP)) for e in sample.MAP.edges)
    assert [w for _, w in widths] == sorted(w for _, w in widths)
    assert widths[0][1] < widths[-1][1]


def test_the_key_explains_only_what_is_there(sample):
    assert [sign for sign, _ in process_map.key_items(sample.MAP)] == ["forward", "back", "outside"]
    assert [sign for sign, _ in process_map.key_items(chain(3))] == ["forward"]


def test_the_same_map_gives_the_same_bytes(sample):
    assert map_svg(sample.MAP, title_id="m") == map_svg(sample.MAP, title_id="m")


def test_no_name_reaches_graphviz(sample):
    boxes = [map_layout._box(node, sample.MAP) for node in sample.MAP.nodes]
    labels = [map_layout._label(k, sample.MAP) for k in range(len(sample.MAP.edges))]
    source = map_layout._dot(sample.MAP, boxes, labels)
    for word in ("Fee", "<b>", "cases", "Start"):
        assert word not in source


def test_past_the_time_limit_the_map_comes_in_rows_and_says_so(sample, late):
    plan = layout(sample.MAP, 0.2)
    assert plan.by == "rows"
    assert "timed out after 0.2 seconds" in plan.problem
    apart(plan)
    root = ElementTree.fromstring(map_svg(sample.MAP, title_id="m", max_seconds=0.2))
    drawn = " ".join("".join(t.itertext()) for t in root.iter(f"{SVG}text"))
    assert "timed out" in drawn
    assert "Check that the file is complete" in drawn


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
def test_the_time_limit_ends_the_child_and_its_children(monkeypatch, tmp_path, sample):
    note = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time; "
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{inner.pid}}'); time.sleep(600)"
    )
    monkeypatch.setattr(map_layout, "_command", lambda: [sys.executable, "-c", code])
    layout(sample.MAP, 3.0)
    pids = [int(p) for p in note.read_text().split()]
    assert len(pids) == 2
    for _ in range(100):
        alive = [pid for pid in pids if running(pid)]
        if not alive:
            break
        time.sleep(0.1)
    assert alive == []


def running(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-c", "import sys; sys.exit(3)"],
        [sys.executable, "-c", "print('no json')"],
        [sys.executable, "-c", "print('{}')"],
        ["/no/such/program"],
    ],
)
def test_a_failing_graphviz_still_gives_a_map(monkeypatch, sample, command):
    monkeypatch.setattr(map_layout, "_command", lambda: command)
    plan = layout(sample.MAP)
    assert plan.by == "rows"
    assert "could not lay out" in plan.problem
    apart(plan)


def test_in_rows_no_arrow_crosses_a_box_and_no_label_covers_another(late):
    flow = crowd(15)
    plan = layout(flow, 0.2)
    for e, path in zip(flow.edges, plan.paths, strict=True):
        for i, box in enumerate(plan.boxes):
            if i not in {e.source, e.target}:
                assert not any(touches(point, box, -1) for point in path.points)
    spots = [(path.label_at, map_layout.label_size(path.label)) for path in plan.paths]
    for i, ((x, y), (w, h)) in enumerate(spots):
        for (x2, y2), (w2, h2) in spots[i + 1 :]:
            assert abs(x - x2) >= (w + w2) / 2 - 1 or abs(y - y2) >= (h + h2) / 2 - 1


def test_an_installed_dot_is_used(monkeypatch):
    monkeypatch.setattr(map_layout.shutil, "which", lambda name: "/opt/dot" if name == "dot" else None)
    assert map_layout._command() == ["/opt/dot", "-Tjson0"]
    monkeypatch.setattr(map_layout.shutil, "which", lambda name: None)
    assert map_layout._command()[0] == sys.executable


@pytest.mark.parametrize(
    "flow",
    [
        FlowMap(title="Nothing", nodes=(), edges=()),
        chain(1),
        chain(1, edge(0, 0, returns=True)),
        chain(2, edge(1, 0, returns=True), edge(0, 1, n=3)),
        FlowMap(title="Apart", nodes=chain(4).nodes, edges=()),
        crowd(40),
    ],
)
def test_odd_maps_draw(flow):
    plan = layout(flow)
    assert len(plan.boxes) == len(flow.nodes)
    assert len(plan.paths) == len(flow.edges)
    assert plan.problem == ""
    apart(plan)
    ElementTree.fromstring(map_svg(flow, title_id="m"))


def test_without_starts_the_map_says_that_waits_are_missing():
    nodes = tuple(
        MapNode(label=name, n=5, waiting_days=math.nan, share=share) for name, share in (("A", 0.001), ("B", 0.999))
    )
    svg = map_svg(FlowMap(title="t", nodes=nodes, edges=(edge(0, 1),)), title_id="m")
    assert "Waits are not shown" in re.sub(r"<[^>]+>", " ", svg)
    assert "wait not known" not in svg
    assert "in under 1% of cases" in svg
    assert "in over 99% of cases" in svg
    assert "5 times" in svg, "without a start marker the number of cases isn't known"


def test_an_edge_to_nowhere_is_refused():
    with pytest.raises(ValueError, match="from 0 to 7, but 2 nodes"):
        layout(chain(2, edge(0, 7)))


def test_draw_map_on_new_and_given_axes(sample):
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    try:
        ax = draw_map(sample.MAP)
        ax.figure.canvas.draw()
        names = " ".join(t.get_text() for t in ax.texts)
        assert "Request information" in names
        assert "2,000 cases\n3.1 days" in names
        figure, given = plt.subplots()
        assert draw_map(sample.MAP, ax=given) is given
        figure.canvas.draw()
    finally:
        plt.close("all")


def test_colours_have_contrast():
    from matplotlib.colors import to_rgb

    def luminance(colour: str) -> float:
        parts = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in to_rgb(colour))
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    def contrast(a: str, b: str) -> float:
        high, low = sorted((luminance(a), luminance(b)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for text, ground in (
        (process_map.BACK, "#ffffff"),
        (process_map.INK, process_map.STEP),
        (process_map.INK, process_map.OUTSIDE),
        ("#ffffff", process_map.MARKER),
    ):
        assert contrast(text, ground) >= 4.5
    for line in (process_map.FORWARD, process_map.STEP_LINE, process_map.OUTSIDE_LINE):
        assert contrast(line, "#ffffff") >= 3


def test_an_arrow_that_says_nothing_is_laid_out_like_the_others() -> None:
    """Its cases are too few of all to be told, and nothing waits on the way to the end."""
    nodes = (
        MapNode(label="Step", n=100, share=1.0, waiting_days=1.0),
        MapNode(label="End", n=100, share=1.0, waiting_days=0.0, kind="end"),
    )
    quiet = MapEdge(source=0, target=1, n=100, n_cases=100, share=1.0, mean_days=0.0)
    flow = FlowMap(title="Quiet", nodes=nodes, edges=(quiet,), minimum_cell=11, untold=frozenset({0}))
    plan = layout(flow)
    assert (plan.by, plan.problem, plan.paths[0].label) == ("graphviz", "", ())
    texts = [t.text for t in ElementTree.fromstring(map_svg(flow, title_id="quiet")).iter(f"{SVG}text")]
    assert texts.count("100 cases") == 1  # the box of the end says its own; the arrow nothing
    assert all(texts)
