// The live map: draws what Python laid out, asks Python for other maps, cases, moves and estimates. Computes nothing itself.
// Every view has its own elements and ids, so that the same widget may be shown twice.
const SVG = "http://www.w3.org/2000/svg";
let views = 0;

/** An element with attributes, and children (texts are never read as HTML). */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== "" && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Asks Python: sets the question with a number; `answered` is called with the answer of that number only. */
function asker(model, question, answer, answered, stop) {
  let number = 0;
  const arrived = () => {
    const found = model.get(answer);
    if (found.number === number) answered(found);
  };
  model.on(`change:${answer}`, arrived);
  stop.push(() => model.off(`change:${answer}`, arrived));
  return (asked) => {
    number = Date.now() + Math.random();
    model.set(question, { ...asked, number });
    model.save_changes();
  };
}

/** A line of text; the space behind it keeps the lines of a button apart for whoever hears them. */
function text(line, x, y, size, more = {}) {
  return draw("text", { x, y, "font-size": size, "text-anchor": "middle", ...more }, `${line} `);
}

function drawNode(node) {
  const { x, y, width, height, paint } = node;
  const box = (grow, more) => draw("rect", {
    x: x - width / 2 - grow, y: y - height / 2 - grow, width: width + 2 * grow, height: height + 2 * grow,
    rx: (node.kind === "activity" ? 7 : height / 2) + grow, ...more,
  });
  const parts = [
    box(5, { class: "sx-ring" }),
    box(0, { fill: paint.fill, stroke: paint.line, "stroke-width": paint.width, "stroke-dasharray": paint.dash }),
  ];
  if (node.kind === "end") parts.push(box(-4.5, { fill: "none", stroke: paint.line }));
  for (const line of node.lines) {
    parts.push(text(line.text, x, line.y, line.size, { fill: paint.text, "font-weight": line.bold ? "bold" : "" }));
  }
  return draw("g", { role: "button", tabindex: -1, "aria-label": node.label, "aria-pressed": "false" }, ...parts);
}

function drawEdge(edge) {
  const colour = edge.returns ? "#b23c00" : "#47525e";
  const size = 12.5;
  const half = 4.6 * Math.max(4, ...edge.lines.map((line) => line.length)) / 2 + 6;
  const tall = (edge.lines.length * size * 1.3) / 2 + 4;
  const parts = [
    draw("path", { d: edge.d, class: "sx-hit" }),
    draw("rect", { class: "sx-ring", x: edge.x - half - 8, y: edge.y - tall, width: 2 * half + 16, height: 2 * tall, rx: 4 }),
    draw("path", { d: edge.d, fill: "none", stroke: colour, "stroke-width": edge.width,
      "stroke-dasharray": edge.returns ? "7 4" : "", class: "sx-way" }),
    draw("polygon", { points: edge.head, fill: colour }),
  ];
  const top = edge.y - (edge.lines.length * size * 1.3) / 2;
  edge.lines.forEach((line, i) => parts.push(text(line, edge.x, top + size * (0.98 + 1.3 * i), size, {
    fill: edge.returns ? "#b23c00" : "#1b1f24", stroke: "#fff", "stroke-width": 4, "stroke-linejoin": "round",
    "paint-order": "stroke",
  })));
  return draw("g", { role: "button", tabindex: -1, "aria-label": edge.label, "aria-pressed": "false" }, ...parts);
}

/** The map: one stop of the Tab key; arrow keys, Home and End walk over boxes and arrows, Enter or Space chooses. */
function mapView(model, stop, status, moved) {
  const holder = make("div", { class: "sx-map" });
  const chosen = make("div", { class: "sx-chosen", role: "status", hidden: true });
  const note = make("p", { class: "sx-note" });
  let buttons = [];
  let ways = [];
  let dots = null;
  const ask = asker(model, "asked_cases", "selected", (found) => {
    chosen.hidden = false;
    chosen.replaceChildren(...(found.problem ? [found.problem] : [
      make("b", {}, found.title), `: ${found.words} The rows are in `, make("code", {}, ".selected_cases"), ".",
    ]));
    status("");
  }, stop);
  const choose = (k) => {
    buttons.forEach(({ element }, i) => element.setAttribute("aria-pressed", String(i === k)));
    status("Opening the cases …");
    ask({ kind: buttons[k].kind, place: buttons[k].place });
  };
  const focus = (k) => {
    buttons.forEach(({ element }, i) => element.setAttribute("tabindex", i === k ? 0 : -1));
    buttons[k].element.focus();
  };
  holder.addEventListener("click", (event) => {
    const k = buttons.findIndex(({ element }) => element.contains(event.target));
    if (k >= 0) { focus(k); choose(k); }
  });
  holder.addEventListener("keydown", (event) => {
    const k = buttons.findIndex(({ element }) => element === event.target);
    if (k < 0) return;
    const last = buttons.length - 1;
    const to = { ArrowRight: k + 1, ArrowDown: k + 1, ArrowLeft: k - 1, ArrowUp: k - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) focus(Math.min(Math.max(to, 0), last));
    else if (event.key === "Enter" || event.key === " ") choose(k);
    else return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has keys of its own
  });
  const show = () => {
    const map = model.get("map");
    if (map.problem && !map.nodes) { status(map.problem, true); return; }
    const nodes = map.nodes.map((node, place) => ({ kind: "node", place, element: drawNode(node), y: node.y }));
    const edges = map.edges.map((edge, place) => ({ kind: "edge", place, element: drawEdge(edge), y: edge.y }));
    ways = edges.map(({ element }) => element.querySelector(".sx-way"));
    dots = draw("g", { "aria-hidden": "true" });
    // what lies deeper is heard later: from the top of the map to its foot, whatever kind it is
    const inside = draw("g", {}, ...edges.map((e) => e.element), ...nodes.map((n) => n.element));
    buttons = [...nodes, ...edges].sort((a, b) => a.y - b.y);
    buttons[0].element.setAttribute("tabindex", 0);
    holder.replaceChildren(draw("svg", {
      xmlns: SVG, viewBox: `0 0 ${map.width} ${map.height}`, width: map.width, height: map.height, role: "group",
      "aria-label": `Process map: ${nodes.length} boxes, ${edges.length} arrows. Arrow keys walk, Enter opens the cases.`,
    }, inside, dots));
    note.textContent = `${map.words} ${map.note} ${map.problem || ""}`;
    chosen.hidden = true;
    moved();
  };
  model.on("change:map", show);
  stop.push(() => model.off("change:map", show));
  const whole = make("input", { type: "checkbox" });
  whole.addEventListener("change", () => holder.classList.toggle("sx-whole", whole.checked));
  return { elements: [holder, chosen, note], whole: make("label", {}, whole, "Whole map in view"), show, ways: () => ways, dots: () => dots };
}

function slider(label, attributes, shown, released) {
  const input = make("input", { type: "range", ...attributes });
  const output = make("output", { "aria-hidden": "true" });
  const tell = () => { output.textContent = shown(input.value); input.setAttribute("aria-valuetext", shown(input.value)); };
  input.addEventListener("input", tell);
  input.addEventListener("change", () => released(Number(input.value)));
  input.addEventListener("keydown", (event) => event.stopPropagation());
  tell();
  return { element: make("label", {}, label, input, output), input, tell };
}

/** Dots for cases between two steps: play and pause, a slider of the time, steps of a day; nothing moves by itself. */
function replayView(model, stop, map, status) {
  const { period } = model.get("limits");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const date = (label, value) => {
    const input = make("input", { type: "date", min: period.first, max: period.last, value });
    input.addEventListener("keydown", (event) => event.stopPropagation());
    return { input, element: make("label", {}, label, input) };
  };
  const from = date("From", period.since);
  const until = date("to", period.until);
  const load = make("button", { type: "button" }, "Load the replay");
  const play = make("button", { type: "button", disabled: true }, "Play");
  const back = make("button", { type: "button", disabled: true }, "A day back");
  const on = make("button", { type: "button", disabled: true }, "A day on");
  const words = make("p", { class: "sx-note" },
    "A dot is a case between two steps: it leaves when the one is completed and arrives when the next is begun. ");
  const told = make("span", {});
  words.append(told);
  let moves = null;
  let at = 0;
  let playing = 0;
  let before = 0;
  const clock = (minutes) => {
    if (!moves) return "–";
    let day = moves.days.length - 1;
    while (day > 0 && moves.day_starts[day] > minutes) day -= 1;
    const rest = Math.max(0, Math.round(minutes - moves.day_starts[day]));
    const two = (n) => String(n).padStart(2, "0");
    return `${moves.days[day]} ${two(Math.min(23, Math.floor(rest / 60)))}:${two(rest % 60)}`;
  };
  const time = slider("Time", { min: 0, max: 1, step: 60, value: 0, disabled: true }, (v) => clock(Number(v)), () => {});
  time.input.addEventListener("input", () => { pause(); at = Number(time.input.value); paint(); });
  const paint = () => {
    const layer = map.dots();
    if (!layer) return;
    if (!moves) { layer.replaceChildren(); return; }
    const ways = map.ways();
    const shown = [];
    for (let i = 0; i < moves.edge.length && moves.begin[i] <= at; i += 1) {
      if (moves.end[i] <= at) continue;
      const way = ways[moves.edge[i]];
      const part = (at - moves.begin[i]) / (moves.end[i] - moves.begin[i]);
      const place = way.getPointAtLength(part * way.getTotalLength());
      shown.push(draw("circle", { cx: place.x.toFixed(1), cy: place.y.toFixed(1), r: 4.5, fill: "#f2b705",
        stroke: "#1b1f24", "stroke-width": 1 }));
    }
    layer.replaceChildren(...shown);
    told.textContent = `${moves.words} At ${clock(at)} (${period.timezone}): ${shown.length} on their way.`;
    time.input.value = String(Math.round(at));
    time.tell();
  };
  const pause = () => { cancelAnimationFrame(playing); playing = 0; play.textContent = "Play"; };
  const tick = (now) => {
    // a day a second, and the whole period in a minute at most
    at += ((now - before) / 1000) * Math.max(1440, moves.minutes / 60);
    before = now;
    if (at >= moves.minutes) { at = moves.minutes; paint(); pause(); return; }
    paint();
    playing = requestAnimationFrame(tick);
  };
  play.addEventListener("click", () => {
    if (playing) { pause(); return; }
    if (at >= moves.minutes) at = 0;
    play.textContent = "Pause";
    before = performance.now();
    playing = requestAnimationFrame(tick);
  });
  const step = (days) => () => { pause(); at = Math.min(Math.max(at + days * 1440, 0), moves.minutes); paint(); };
  back.addEventListener("click", step(-1));
  on.addEventListener("click", step(1));
  const settle = () => {
    for (const control of [back, on, time.input]) control.disabled = !moves;
    play.disabled = !moves || still.matches;
    play.title = still.matches ? "Your system asks for less motion: step by day, or move the time." : "";
  };
  still.addEventListener("change", () => { pause(); settle(); });
  stop.push(pause);
  const ask = asker(model, "asked_replay", "replay", (found) => {
    if (found.problem) { status(found.problem, true); return; }
    status("");
    moves = found;
    at = 0;
    time.input.max = String(found.minutes);
    settle();
    paint();
  }, stop);
  load.addEventListener("click", () => {
    pause();
    status("Loading the replay …");
    ask({ since: from.input.value, until: until.input.value });
  });
  const clear = () => { pause(); moves = null; told.textContent = ""; settle(); paint(); };
  const bar = make("div", { class: "sx-bar" }, from.element, until.element, load, play, back, on, time.element);
  return { element: make("fieldset", {}, make("legend", {}, "Replay a period"), bar, words), clear };
}

/** Proposals with a slider for each size; estimated when a slider is released. */
function trialView(model, stop, status) {
  const proposals = model.get("proposals");
  const name = make("select", {}, ...proposals.map((p, i) => make("option", { value: i }, p.name)));
  name.addEventListener("keydown", (event) => event.stopPropagation());
  const sizes = make("div", {});
  const result = make("div", { "aria-live": "polite" });
  let values = [];
  const ask = asker(model, "asked_answer", "answer", (found) => {
    if (found.problem) { status(found.problem, true); return; }
    status("");
    const cell = (value, small) => make("td", {}, value, make("small", {}, small));
    const rows = found.rows.map((row) => make("tr", {},
      make("th", { scope: "row" }, row.measure),
      make("td", {}, row.baseline), cell(row.value, row.between), cell(row.change, row.change_between)));
    const heads = ["Measure", "As it is", "With the change", "Difference"].map((h) => make("th", { scope: "col" }, h));
    result.replaceChildren(
      make("p", { class: "sx-verdict" }, found.verdict),
      make("div", { class: "sx-scroll", tabindex: 0, role: "group", "aria-label": "Estimate" }, make("table", {},
        make("caption", {}, `${found.name}: ${found.rests_on}`),
        make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows))),
      make("ul", {}, ...found.notes.map((n) => make("li", {}, n))));
  }, stop);
  const estimate = () => {
    status("Estimating: the cases are replayed with and without the change …");
    ask({ proposal: Number(name.value), values });
  };
  const lay = () => {
    const { changes } = proposals[Number(name.value)];
    values = changes.map(() => null);
    result.replaceChildren();
    sizes.replaceChildren(...changes.map((change, i) => {
      const set = change.slider;
      if (!set) return make("p", { class: "sx-note" }, `${change.words} (as proposed)`);
      const shown = (v) => (set.share ? `${Math.round(v * 100)}%` : String(v));
      const size = slider("Size", { min: set.least, max: set.most, step: set.step, value: set.value }, shown,
        (value) => { values[i] = value; estimate(); });
      size.input.value = String(set.value);
      size.tell();
      return make("fieldset", {}, make("legend", {}, `As proposed: ${change.words}`), size.element);
    }));
  };
  name.addEventListener("change", lay);
  const run = make("button", { type: "button" }, "Estimate as set");
  run.addEventListener("click", estimate);
  lay();
  return [make("div", { class: "sx-bar" }, make("label", {}, "Proposal", name), run), sizes, result];
}

function render({ model, el }) {
  const stop = [];
  const own = `streamline-${(views += 1)}`;
  const limits = model.get("limits");
  const line = make("p", { class: "sx-status", role: "status" });
  const status = (said, wrong = false) => { line.textContent = said; line.classList.toggle("sx-problem", wrong); };
  let replay = null;
  const map = mapView(model, stop, status, () => { if (replay) replay.clear(); });
  replay = replayView(model, stop, map, status);
  const ask = asker(model, "asked_map", "map", (found) => { if (!found.problem || found.nodes) status(""); }, stop);
  const other = () => {
    status("Laying the map out …");
    ask({ activities: Number(activities.input.value), paths: Number(paths.input.value) });
  };
  const activities = slider("Activities", { min: 1, max: limits.most_activities, step: 1 }, (v) => v, other);
  const paths = slider("Paths taken by at least", { min: 0, max: 50, step: 1 }, (v) => `${v}% of cases`, other);
  for (const [control, value] of [[activities, limits.activities], [paths, limits.paths]]) {
    control.input.value = String(value);
    control.tell();
  }
  const panel = (id, ...inside) => make("div", { id: `${own}-${id}`, role: "tabpanel", "aria-labelledby": `${own}-${id}-tab` }, ...inside);
  const panels = [panel("map", make("div", { class: "sx-bar" }, activities.element, paths.element, map.whole), replay.element, ...map.elements)];
  const names = [["map", "Process map"]];
  if (model.get("proposals").length) {
    panels.push(panel("trials", ...trialView(model, stop, status)));
    names.push(["trials", "What if"]);
  }
  const tabs = names.map(([id, said], i) => make("button", { type: "button", role: "tab", id: `${own}-${id}-tab`,
    "aria-controls": `${own}-${id}`, "aria-selected": String(i === 0), tabindex: i ? -1 : 0 }, said));
  const turn = (k) => {
    tabs.forEach((tab, i) => { tab.setAttribute("aria-selected", String(i === k)); tab.setAttribute("tabindex", i === k ? 0 : -1); });
    panels.forEach((one, i) => { one.hidden = i !== k; });
    status("");
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => turn(i));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      const k = (to + tabs.length) % tabs.length;
      turn(k);
      tabs[k].focus();
      event.preventDefault();
      event.stopPropagation();
    });
  });
  const root = make("div", { class: "streamline-explorer" }, make("p", { class: "sx-title" }, model.get("title")),
    make("div", { class: "sx-tabs", role: "tablist", "aria-label": model.get("title") }, ...tabs), line, ...panels);
  el.append(root);
  map.show();
  turn(0);
  return () => { for (const end of stop) end(); root.remove(); };
}

export default { render };
