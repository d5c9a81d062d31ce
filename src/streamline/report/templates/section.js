// What a page does beyond being read: tables sort, maps zoom, and proposals show at part of their strength.
// Nothing here computes a figure: every number shown was written into the page. Without this script the page is whole.
"use strict";

const make = (tag, attributes = {}, ...inside) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
};

// A number stays on one line; a long interval may break after its "to".
const WHOLE = 16;
const unbroken = (text) => {
  const at = text.length > WHOLE ? text.indexOf(" to ") + 1 : 0;
  const pieces = at > 0 ? [text.slice(0, at + 2), text.slice(at + 3)] : [text];
  return pieces.flatMap((piece, k) => [...(k ? [" "] : []), make("span", { class: "whole" }, piece)]);
};

// ---- A table that is wider than the screen says so.

const mayBeWider = (frame) => {
  const hint = make("p", { class: "note wider" }, "The table is wider than this screen: scroll it sideways.");
  frame.after(hint);
  const look = () => hint.classList.toggle("needed", frame.scrollWidth > frame.clientWidth + 1);
  new ResizeObserver(look).observe(frame);
  look();
};

// ---- Tables sort by the number behind a cell, or by its text; cells without either come last in both directions.

const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

const keyOf = (cell, numeric) => {
  if (numeric) return cell.dataset.exact === undefined ? null : Number(cell.dataset.exact);
  const text = cell.textContent.trim();
  return text === "" || text === "–" ? null : text;
};

const inOrder = (rows, column, numeric, direction) => {
  if (direction === "none") return rows;
  const sign = direction === "ascending" ? 1 : -1;
  const words = new Intl.Collator("en", { numeric: true });
  const keyed = rows.map((row) => [keyOf(row.cells[column], numeric), row]);
  return keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (numeric ? a - b : words.compare(a, b));
  }).map(([, row]) => row);
};

const sortable = (table) => {
  const body = table.tBodies[0];
  const rows = [...body.rows]; // as written, to which the third press returns
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!("sorts" in head.dataset)) return;
    // the mark stays on a line with the word beside it, and right-aligned numbers stay under the end of their heading
    const mark = make("span", { class: "mark", "aria-hidden": "true" });
    const words = head.textContent.trim().split(" ");
    const button = make("button", { type: "button", class: "sort" });
    if (head.classList.contains("num")) button.append(make("span", { class: "whole" }, mark, words.shift()), ...words.map((w) => ` ${w}`));
    else button.append(...words.slice(0, -1).map((w) => `${w} `), make("span", { class: "whole" }, words.at(-1), mark));
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const direction = NEXT[head.getAttribute("aria-sort") ?? "none"];
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (direction !== "none") head.setAttribute("aria-sort", direction);
      body.append(...inOrder(rows, column, head.classList.contains("num"), direction));
    });
  });
  table.caption.append(make("span", { class: "unseen" }, " The headings are buttons that sort the rows."));
};

// ---- Maps zoom in a frame that stays; the wheel moves the page unless Control is held.

const STEP = 1.25, LARGEST = 5;

const zoomable = (frame) => {
  const svg = frame.querySelector("svg");
  const figure = frame.closest("figure");
  let natural = 0, zoom = 1;

  const shown = make("output", { class: "zoom-shown" }, "100%");
  const smallest = () => { // the whole width of the map in the frame
    const style = getComputedStyle(frame);
    return Math.min(1, (frame.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)) / natural);
  };

  const middle = () => { // of what is seen of the frame, which may be taller than the window
    const box = frame.getBoundingClientRect();
    const [top, bottom] = [Math.max(0, -box.top), Math.min(box.height, innerHeight - box.top)];
    return bottom > top ? (top + bottom) / 2 : box.height / 2;
  };
  const set = (wanted, x = frame.clientWidth / 2, y = middle()) => {
    if (zoom === 1) { // as the style sheet has it, which a turned screen may have changed
      natural = svg.getBoundingClientRect().width;
      frame.style.height = `${frame.getBoundingClientRect().height}px`;
    }
    const before = zoom;
    zoom = Math.max(smallest(), Math.min(LARGEST, wanted));
    if (Math.abs(zoom - 1) < 0.01) zoom = 1;
    const [left, top] = [frame.scrollLeft + x, frame.scrollTop + y];
    const size = zoom === 1 ? "" : `${natural * zoom}px`;
    svg.style.width = svg.style.minWidth = svg.style.maxWidth = size;
    frame.classList.toggle("zoomed", zoom !== 1);
    if (zoom <= 1) frame.style.height = "";
    frame.scrollLeft = left * zoom / before - x;
    frame.scrollTop = top * zoom / before - y;
    shown.textContent = `${Math.round(100 * zoom)}%`;
  };
  const move = (x, y) => {
    const [left, top] = [frame.scrollLeft, frame.scrollTop];
    frame.scrollLeft += x;
    frame.scrollTop += y;
    return frame.scrollLeft !== left || frame.scrollTop !== top;
  };
  const part = () => [0.3 * frame.clientWidth, 0.3 * frame.clientHeight];

  const button = (name, sign, action) => {
    const made = make("button", { type: "button", title: name },
      make("span", { class: "unseen" }, name));
    made.dataset.sign = sign; // drawn by the style sheet, in the colours of the button
    made.addEventListener("click", action);
    return made;
  };
  const bar = make("div", { class: "zoom", role: "group", "aria-label": "Zoom and move the map" },
    button("Zoom out", "−", () => set(zoom / STEP)), shown, button("Zoom in", "+", () => set(zoom * STEP)),
    button("Move left", "←", () => move(-part()[0], 0)), button("Move right", "→", () => move(part()[0], 0)),
    button("Move up", "↑", () => move(0, -part()[1])), button("Move down", "↓", () => move(0, part()[1])),
    button("Reset the map", "Reset", () => { set(1); frame.scrollLeft = (frame.scrollWidth - frame.clientWidth) / 2; }));
  frame.before(bar);
  frame.after(make("p", { class: "note zoom-keys" },
    "With the map in focus, + and − zoom, 0 resets and the arrow keys move it; so do Control with the wheel, and dragging."));
  figure.classList.add("zooms");

  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [x, y] = part();
    const act = {
      "+": () => set(zoom * STEP), "=": () => set(zoom * STEP), "-": () => set(zoom / STEP), "0": () => set(1),
      ArrowLeft: () => move(-x, 0), ArrowRight: () => move(x, 0), ArrowUp: () => move(0, -y), ArrowDown: () => move(0, y),
    }[event.key];
    // at its edge an arrow key moves the page, as it would without the map
    if (act && act() !== false) event.preventDefault();
  });
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = frame.getBoundingClientRect();
    set(zoom * STEP ** (-Math.sign(event.deltaY)), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  let from = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    from = [event.clientX, event.clientY];
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!from) return;
    move(from[0] - event.clientX, from[1] - event.clientY);
    from = [event.clientX, event.clientY];
  });
  for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => { from = null; });
};

// ---- Proposals at part of their strength: each stop was computed, and its numbers stand in the page.

const FULL = 100;

const whatIf = (template) => {
  const box = document.getElementById(template.dataset.table);
  const sliders = JSON.parse(box.querySelector("script[type='application/json']").textContent);
  template.replaceWith(template.content.cloneNode(true));
  const panel = box.querySelector(".what-if");
  const says = panel.querySelector(".says"), reset = panel.querySelector(".reset");
  for (const slider of box.querySelectorAll(":scope > .slider")) { // each to its proposal
    const group = box.querySelector(`tr[data-row="${slider.dataset.row}"]`).parentElement;
    const cell = make("td", { role: "cell", colspan: group.rows[0].cells[0].colSpan }, slider);
    group.rows[0].after(make("tr", { role: "row", class: "at-slider" }, cell));
  }
  const inputs = [...box.querySelectorAll("input[type=range]")];
  const stopOf = (input) => sliders[input.dataset.slider].stops[input.value];

  const write = (input, stop) => {
    const name = sliders[input.dataset.slider].label;
    input.setAttribute("aria-valuetext", `${stop.percent}% of its strength`);
    box.querySelector(`output[for="${input.id}"]`).textContent = `${stop.percent}%`;
    box.querySelector(`[data-changes="${input.id}"]`).textContent = stop.changes;
    for (const shown of stop.shown) {
      const row = box.querySelector(`tr[data-row="${shown.row}"]`);
      Object.assign(row.dataset, { finding: shown.finding, value: shown.value, low: shown.low, high: shown.high });
      for (const cell of row.querySelectorAll("[data-column]")) {
        const column = cell.dataset.column;
        if (!cell.classList.contains("num")) continue;
        cell.querySelector(".held").replaceChildren(...unbroken(shown.cells[column]));
      }
      row.classList.toggle("moved", stop.percent !== FULL);
      const mark = row.parentElement.querySelector(".strength");
      mark.textContent = stop.percent === FULL ? "" : `at ${stop.percent}% of its strength`;
    }
    return `“${name}” at ${stop.percent}% of its strength ${stop.says}`;
  };
  const ends = () => {
    const moved = inputs.filter((input) => stopOf(input).percent !== FULL).length;
    reset.disabled = moved === 0;
    return moved === 0 ? "All proposals stand at 100% of their strength, as everywhere else in this document."
      : "Everywhere else in this document the estimate is at 100%.";
  };
  for (const input of inputs) {
    input.addEventListener("input", () => { says.textContent = `${write(input, stopOf(input))} ${ends()}`; });
  }
  const full = (input) => { input.value = input.max; write(input, stopOf(input)); };
  reset.addEventListener("click", () => {
    inputs.forEach(full);
    says.textContent = ends();
    inputs[0].focus();
  });
  // paper shows the table as it stands without sliders
  let moved = [];
  addEventListener("beforeprint", () => { moved = inputs.map((input) => input.value); inputs.forEach(full); });
  addEventListener("afterprint", () => moved.forEach((value, k) => {
    inputs[k].value = value;
    write(inputs[k], stopOf(inputs[k]));
  }));
  says.textContent = ends();
};

document.querySelectorAll(".table > .scroll").forEach(mayBeWider);
document.querySelectorAll("table[data-sorts]").forEach(sortable);
document.querySelectorAll(".map.scroll").forEach(zoomable);
document.querySelectorAll("template[data-table]").forEach(whatIf);
