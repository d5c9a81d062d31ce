"""BPMN 2.0 files: a diagram written with its picture, and read back; what isn't understood is refused, not skipped.

Read: tasks of all kinds and call activities (steps), start and end events, exclusive, event-based and parallel gateways,
sequence flows; intermediate events are passed without a step. As the standard has it, a step with several flows in takes
any one of them, a step with several flows out starts all.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from streamline.errors import FileFormatError, OutputError, listed
from streamline.measure.models.diagram import END, EXCLUSIVE, PARALLEL, START, STEP, Diagram, Flow, Node

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_TASKS = (
    "task", "userTask", "serviceTask", "sendTask", "receiveTask", "manualTask", "scriptTask", "businessRuleTask",
    "callActivity",
)  # fmt: skip
_PASSED = ("intermediateCatchEvent", "intermediateThrowEvent")
_KINDS = {
    **dict.fromkeys(_TASKS, STEP),
    **dict.fromkeys(_PASSED, EXCLUSIVE),
    "startEvent": START,
    "endEvent": END,
    "exclusiveGateway": EXCLUSIVE,
    "eventBasedGateway": EXCLUSIVE,
    "parallelGateway": PARALLEL,
}
#: What stands in a process and isn't part of its flow.
_BESIDE = (
    "sequenceFlow", "laneSet", "dataObject", "dataObjectReference", "dataStoreReference", "textAnnotation", "association",
    "documentation", "extensionElements", "ioSpecification", "property", "group", "category", "auditing", "monitoring",
    "artifact", "supports",
)  # fmt: skip
_WRITTEN = {
    STEP: "task",
    START: "startEvent",
    END: "endEvent",
    EXCLUSIVE: "exclusiveGateway",
    PARALLEL: "parallelGateway",
}


def write_bpmn(diagram: Diagram, path: str | Path, *, name: str) -> Path:
    """Write a diagram as a BPMN 2.0 file with its picture; the same diagram gives the same bytes.

    Raises OutputError when the file can't be written.
    """
    target = Path(path)
    try:
        target.write_text(bpmn_text(diagram, name=name), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{target} can't be written: {error.strerror or error}.") from error
    return target


def bpmn_text(diagram: Diagram, *, name: str) -> str:
    """A diagram as the text of a BPMN 2.0 file."""
    ins: list[list[int]] = [[] for _ in diagram.nodes]
    outs: list[list[int]] = [[] for _ in diagram.nodes]
    for k, flow in enumerate(diagram.flows):
        outs[flow.source].append(k)
        ins[flow.target].append(k)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<bpmn:definitions xmlns:bpmn="{MODEL}" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" '
        'id="definitions" targetNamespace="urn:streamline:process-model" exporter="streamline">',
        f'  <bpmn:process id="process" name={quoteattr(name)} isExecutable="false">',
    ]
    for i, node in enumerate(diagram.nodes):
        kind, more = _WRITTEN[node.kind], f" name={quoteattr(node.activity)}" if node.kind == STEP else ""
        if node.kind in (EXCLUSIVE, PARALLEL):
            split, joined = len(outs[i]) > 1, len(ins[i]) > 1
            direction = "Mixed" if split and joined else "Diverging" if split else "Converging"
            more += f' gatewayDirection="{direction if split or joined else "Unspecified"}"'
        lines.append(f'    <bpmn:{kind} id="node_{i}"{more}>')
        lines += [f"      <bpmn:incoming>flow_{k}</bpmn:incoming>" for k in ins[i]]
        lines += [f"      <bpmn:outgoing>flow_{k}</bpmn:outgoing>" for k in outs[i]]
        lines.append(f"    </bpmn:{kind}>")
    for k, flow in enumerate(diagram.flows):
        lines.append(
            f'    <bpmn:sequenceFlow id="flow_{k}" sourceRef="node_{flow.source}" targetRef="node_{flow.target}"/>'
        )
    lines += [
        "  </bpmn:process>",
        '  <bpmndi:BPMNDiagram id="diagram">',
        '    <bpmndi:BPMNPlane id="plane" bpmnElement="process">',
    ]
    for i, node in enumerate(diagram.nodes):
        x, y = node.x - node.width / 2, node.y - node.height / 2
        marker = ' isMarkerVisible="true"' if node.kind == EXCLUSIVE else ""
        lines += [
            f'      <bpmndi:BPMNShape id="node_{i}_shape" bpmnElement="node_{i}"{marker}>',
            f'        <dc:Bounds x="{x:g}" y="{y:g}" width="{node.width:g}" height="{node.height:g}"/>',
            "      </bpmndi:BPMNShape>",
        ]
    for k, flow in enumerate(diagram.flows):
        lines.append(f'      <bpmndi:BPMNEdge id="flow_{k}_edge" bpmnElement="flow_{k}">')
        lines += [f'        <di:waypoint x="{x:g}" y="{y:g}"/>' for x, y in flow.points]
        lines.append("      </bpmndi:BPMNEdge>")
    lines += ["    </bpmndi:BPMNPlane>", "  </bpmndi:BPMNDiagram>", "</bpmn:definitions>", ""]
    return "\n".join(lines)


def read_bpmn(path: str | Path) -> Diagram:
    """Read the one process of a BPMN 2.0 file; line breaks and runs of blanks in names become one blank.

    Raises FileFormatError, naming the file and what is wrong, when it isn't BPMN 2.0, holds no process or several, or has
    parts whose meaning can't be told step by step: sub-processes, boundary events, inclusive and complex gateways.
    """
    source = Path(path)
    try:
        data = source.read_bytes()
    except OSError as error:
        raise FileFormatError(f"{source} can't be read: {error.strerror or error}.") from error
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise FileFormatError(f"{source.name} declares a document type, as no BPMN file does; it isn't read.")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise FileFormatError(f"{source.name} isn't a BPMN file: it isn't XML ({error}).") from error
    if root.tag != f"{{{MODEL}}}definitions":
        raise FileFormatError(
            f"{source.name} isn't a BPMN 2.0 file: it begins with {_local(root.tag)!r} and not with 'definitions' of {MODEL}."
        )
    processes = [p for p in root if p.tag == f"{{{MODEL}}}process" and any(_local(e.tag) in _KINDS for e in p)]
    if len(processes) != 1:
        names = [p.get("name") or p.get("id") or "unnamed" for p in processes]
        raise FileFormatError(
            f"{source.name} holds {len(processes)} processes with steps: {listed(names)}. Export the one to compare with."
        )
    return _diagram(processes[0], source.name)


def _diagram(process: ElementTree.Element, source: str) -> Diagram:
    kinds = {e: _local(e.tag) for e in process}
    # a sub-process without contents is a step; with contents its meaning lies inside
    steps = {e for e, k in kinds.items() if k == "subProcess" and not any(_local(c.tag) in _KINDS for c in e)}
    strange = [f"{kinds[e]} {e.get('name') or e.get('id')}" for e in process if e not in steps
               and kinds[e] not in _KINDS and kinds[e] not in _BESIDE]  # fmt: skip
    ending = [e for e in process if kinds[e] == "endEvent" and any("terminate" in _local(c.tag) for c in e)]
    if ending and PARALLEL in [_KINDS.get(k) for k in kinds.values()]:
        strange += [f"terminating endEvent {e.get('name') or e.get('id')} beside parallel gateways" for e in ending]
    if strange:
        raise FileFormatError(
            f"{source}: {len(strange)} parts can't be compared with a log: {listed(strange)}. Draw them with steps, exclusive "
            "and parallel gateways."
        )
    parts = [e for e in process if kinds[e] in _KINDS or e in steps]
    nodes: list[Node] = []
    place: dict[str | None, int] = {}
    for element in parts:
        kind = STEP if element in steps else _KINDS[kinds[element]]
        name = " ".join((element.get("name") or "").split())
        if kind == STEP and not name:
            raise FileFormatError(f"{source}: the {kinds[element]} {element.get('id')!r} has no name.")
        place[element.get("id")] = len(nodes)
        nodes.append(Node(kind=kind, activity=name if kind == STEP else ""))
    flows = []
    for element in process:
        if kinds[element] != "sequenceFlow":
            continue
        ends = element.get("sourceRef"), element.get("targetRef")
        if not all(e in place for e in ends):
            raise FileFormatError(
                f"{source}: the flow {element.get('id')!r} leads from {ends[0]!r} to {ends[1]!r}, which aren't there."
            )
        flows.append(Flow(source=place[ends[0]], target=place[ends[1]]))
    _check(nodes, flows, source)
    return Diagram(nodes=tuple(nodes), flows=tuple(flows))


def _check(nodes: list[Node], flows: list[Flow], source: str) -> None:
    """Refuse a process that can't begin or end."""
    if not any(n.kind == STEP for n in nodes):
        raise FileFormatError(f"{source}: the process has no steps.")
    for kind, word in ((START, "start"), (END, "end")):
        if not any(n.kind == kind for n in nodes):
            raise FileFormatError(f"{source}: the process has no {word} event.")
    entered = {f.target for f in flows}
    loose = [n.activity or n.kind for i, n in enumerate(nodes) if i not in entered and n.kind != START]
    if loose:
        raise FileFormatError(f"{source}: no flow leads to {listed(loose)}.")


def _local(tag: object) -> str:
    """The name of an element without its namespace."""
    return str(tag).rpartition("}")[2]
