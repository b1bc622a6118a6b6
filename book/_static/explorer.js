/* The overlap explorer: selects, a matrix and its null nulls, drawn from explorer-data.js.

   One state object (scale, task, level, layer, component, colours, pair) is read from the address,
   made possible by `settle`, drawn by `draw`, and written back into the address. Shares arrive as
   hundredths of a percent; `lnlib/explorer.py` says how the data are laid out. */
"use strict";
(() => {
  const data = window.overlapExplorer;
  const root = document.getElementById("explorer");
  if (!root) return;
  root.replaceChildren(); // what stands there for readers without scripts

  const { el, svg } = dom;

  if (!data) {
    root.append(el("p", { role: "status" }, "The data of this page did not load: " +
      "explorer-data.js should lie beside explorer.js."));
    return;
  }
  const gaps = el("ul", { class: "explorer-gaps" },
    ...data.notRun.map((line) => el("li", {}, ...ticks(line))));
  if (!data.runs.length) {
    root.append(el("div", { role: "status" }, gaps));
    return;
  }

  // ---- words and numbers ------------------------------------------------------------------------

  function ticks(line) { // `code` in a sentence
    return line.split("`").map((text, place) => (place % 2 ? el("code", {}, text) : text));
  }
  const percent = (share, digits = 2) => (share / 100).toFixed(digits);
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  const pairsOf = (count) => (count === 1 ? "1 pair of masks" : `${count} pairs of masks`);
  const nameOf = (code) => data.languages[code];

  function partOf(state) {
    if (state.layer && state.component) return `layer ${state.layer}, ${state.component}`;
    if (state.layer) return `layer ${state.layer}`;
    return state.component || "the whole mask";
  }

  function pairInWords(run, cells, a, b) {
    const who = a === b ? `${nameOf(a)}, two seeds` : `${nameOf(a)} and ${nameOf(b)}`;
    const cell = cellOf(run, cells, a, b);
    if (!cell) return `${who}: not measured.`;
    const [mean, expected, low, high, count] = cell;
    const range = count
      ? `mean of ${count} pairs of masks, ${percent(low)} to ${percent(high)} %`
      : "one pair of masks, so there is no range";
    return `${who}: ${percent(mean)} % (${range}). ` +
      `Independent masks of the same densities: ${percent(expected)} %.`;
  }

  // ---- the data of a selection ------------------------------------------------------------------

  const runOf = (state) => data.runs.find((run) =>
    run.scale === state.scale && run.task === state.task && String(run.level) === state.level);
  const blockOf = (run, state) => run.parts.find((part) =>
    part.layer === state.layer && part.component === state.component);
  function cellOf(run, cells, a, b) { // lower triangle, row by row
    const [j, i] = [run.langs.indexOf(a), run.langs.indexOf(b)].sort((x, y) => x - y);
    return cells[(i * (i + 1)) / 2 + j];
  }
  const different = (values) => [...new Set(values)];

  /* What can be chosen, given the choices to the left: an object of lists, one a select. Layers and
     components list every value that occurs; `settle` sees to it that the two go together. */
  function choices(state) {
    const inScale = data.runs.filter((run) => run.scale === state.scale);
    const inTask = inScale.filter((run) => run.task === state.task);
    const run = runOf(state);
    return {
      scale: different(data.runs.map((r) => r.scale)),
      task: different(inScale.map((r) => r.task)),
      level: different(inTask.map((r) => String(r.level))),
      layer: run ? different(run.parts.map((part) => part.layer)) : [""],
      component: run ? different(run.parts.map((part) => part.component)) : [""],
      colours: ["these", "all"],
    };
  }

  /* The nearest state that the data can show, and a sentence for what had to give way. `kept` is
     the select that was just used: where a layer and a component exclude each other, it stays. */
  function settle(asked, kept) {
    const first = data.runs[data.start];
    const preset = { scale: first.scale, task: first.task, level: String(first.level),
      layer: "", component: "", colours: "these" };
    const state = { ...preset, ...asked };
    const notes = [];
    for (const key of ["scale", "task", "level", "layer", "component", "colours"]) {
      const there = choices(state)[key];
      if (there.includes(state[key])) continue;
      const instead = there.includes(preset[key]) ? preset[key] : there[0];
      notes.push(`There is no ${key} “${state[key]}” here; shown is ${labels(key, instead)}.`);
      state[key] = instead;
    }
    const run = runOf(state);
    if (!blockOf(run, state)) {
      const drop = kept === "component" ? "layer" : "component";
      state[drop] = "";
      if (!blockOf(run, state)) state.layer = state.component = ""; // only ever from an old link
      notes.push(`A layer and a component together have not been compared: shown is ${partOf(state)}.`);
    }
    const pair = (state.pair || "").split("-");
    if (pair.length !== 2 || !pair.every((code) => run.langs.includes(code))) delete state.pair;
    return [state, notes.join(" ")];
  }

  function labels(key, value) {
    if (key === "scale") return data.scales[value];
    if (key === "task") return capital(data.tasks[value]);
    if (key === "level") return `${value} %`;
    if (key === "layer") return value || "all layers";
    if (key === "component") return value || "all components";
    if (key === "colours") return value === "all" ? "from 0 to 100 %" : "over this matrix";
    return value;
  }

  // ---- the address ------------------------------------------------------------------------------

  const KEYS = ["scale", "task", "level", "layer", "component", "colours", "pair"];
  function fromAddress() { // null where the address says nothing to us (a heading's anchor, say)
    const asked = new URLSearchParams(location.hash.slice(1));
    const known = KEYS.filter((key) => asked.has(key));
    return known.length ? Object.fromEntries(known.map((key) => [key, asked.get(key)])) : null;
  }
  const address = (state) => "#" + new URLSearchParams(
    KEYS.filter((key) => state[key] && !(key === "colours" && state[key] === "these"))
      .map((key) => [key, state[key]]));

  // ---- colours ----------------------------------------------------------------------------------

  const stops = data.colours.map((hex) =>
    [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16)));
  function colour(at) { // 0 to 1: red, green, blue between the two nearest stops
    const place = Math.min(Math.max(at, 0), 1) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    return stops[low].map((value, i) => Math.round(value + (place - low) * (stops[low + 1][i] - value)));
  }
  function ink(rgb) { // black or white, whichever stands out more (WCAG's contrast; 4.5 at least)
    const [r, g, b] = rgb.map((value) => {
      const c = value / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#fff" : "#000";
  }

  // ---- what stays on the page -------------------------------------------------------------------

  const selects = {};
  const titles = { scale: "Scale", task: "Task", level: "Sparsity", layer: "Layer",
    component: "Component", colours: "Colours" };
  const controls = el("form", { class: "explorer-controls", "aria-label": "What is shown" });
  for (const [key, title] of Object.entries(titles)) {
    selects[key] = el("select", { id: `explorer-${key}` });
    selects[key].addEventListener("change", () => choose({ [key]: selects[key].value }, key));
    controls.append(el("div", { "data-key": key }, el("label", { for: `explorer-${key}` }, title), selects[key]));
  }
  controls.addEventListener("submit", (event) => event.preventDefault());
  const status = el("p", { class: "explorer-status", role: "status", "aria-live": "polite" });
  const detail = el("p", { class: "explorer-detail", "aria-live": "polite" });
  const matrix = el("div", { class: "explorer-matrix" });
  const nulls = el("div", { class: "explorer-nulls" });
  root.append(controls, status, el("div", { class: "explorer-views" }, matrix, nulls),
    el("p", { class: "explorer-gaps-title" }, "Not in the tables:"), gaps);

  // ---- drawing ----------------------------------------------------------------------------------

  let state;
  let cellNodes = new Map(); // "a-b" -> td, in the order of the rows

  function choose(change, kept) {
    show({ ...state, ...change }, kept);
    history.replaceState(null, "", address(state)); // the back button still leaves the page
  }

  function show(asked, kept) {
    let note;
    [state, note] = settle(asked || {}, kept);
    const run = runOf(state);
    const block = blockOf(run, state);
    const there = choices(state);
    for (const [key, select] of Object.entries(selects)) {
      select.replaceChildren(...there[key].map((value) => el("option", { value }, labels(key, value))));
      select.value = state[key];
      select.disabled = there[key].length < 2;
    }
    drawMatrix(run, block);
    drawNulls(run, block);
    status.textContent = [note, inWords(run, block)].filter(Boolean).join(" ");
    point(state.pair);
  }

  function inWords(run, block) {
    const apart = [], same = [];
    run.langs.forEach((b, i) => run.langs.slice(0, i + 1).forEach((a) =>
      (a === b ? same : apart).push(cellOf(run, block.cells, a, b))));
    const found = apart.filter(Boolean).map(([mean]) => mean);
    const seeds = same.filter(Boolean).length;
    const range = found.length
      ? `, ${percent(Math.min(...found))} to ${percent(Math.max(...found))} %` : "";
    return `${labels("task", run.task)} (${labels("scale", run.scale)}), ${run.level} % sparsity, ` +
      `${partOf(state)}: ${found.length} of ${apart.length} pairs of languages${range}; ` +
      `two seeds or more for ${seeds} of ${run.langs.length} languages.`;
  }

  function drawMatrix(run, block) {
    const means = block.cells.filter(Boolean).map(([mean]) => mean);
    const ends = state.colours === "all" ? [0, 10000] : [Math.min(...means), Math.max(...means)];
    const width = Math.max(ends[1] - ends[0], 1);
    const head = el("tr", {}, el("td", {}), ...run.langs.map((code) =>
      el("th", { scope: "col" }, el("span", { "aria-hidden": "true" }, code),
        el("span", { class: "explorer-hidden" }, nameOf(code)))));
    cellNodes = new Map();
    const rows = run.langs.map((a) => el("tr", {},
      el("th", { scope: "row" }, el("span", { class: "explorer-long" }, nameOf(a)),
        el("span", { class: "explorer-short", "aria-hidden": "true" }, a)),
      ...run.langs.map((b) => {
        const cell = cellOf(run, block.cells, a, b);
        const node = el("td", { tabindex: "-1", "data-pair": `${a}-${b}` });
        if (cell) {
          const rgb = colour((cell[0] - ends[0]) / width);
          node.style.backgroundColor = `rgb(${rgb})`;
          node.style.color = ink(rgb);
          node.textContent = percent(cell[0], 1);
        } else {
          node.className = "explorer-missing";
          node.append(el("span", { "aria-hidden": "true" }, "–"),
            el("span", { class: "explorer-hidden" }, "not measured"));
        }
        if (a === b) node.classList.add("explorer-seeds");
        cellNodes.set(`${a}-${b}`, node);
        return node;
      })));
    const table = el("table", {},
      el("caption", {}, "Jaccard overlap of tickets, %. Off the diagonal, two languages; " +
        "on it (framed), two seeds of one."),
      el("thead", {}, head), el("tbody", {}, ...rows));
    const scroller = el("div", { class: "explorer-scroll", role: "region",
      "aria-label": "Matrix of languages", tabindex: "-1" }, table);
    const bar = el("div", { class: "explorer-legend", "aria-hidden": "true" },
      el("span", {}, `${percent(ends[0], 1)} %`), el("span", { class: "explorer-ramp" }),
      el("span", {}, `${percent(ends[1], 1)} %`),
      el("span", { class: "explorer-missing" }, "–"), el("span", {}, "not measured"));
    bar.children[1].style.backgroundImage = `linear-gradient(90deg, ${data.colours})`;
    matrix.replaceChildren(scroller, bar, detail);
  }

  const NOTES = { 0: "by formula", 1: "computed" };
  function drawNulls(run, block) {
    const whole = !state.layer && !state.component && run.level === 50;
    const rows = data.comparisons.map((comparison, place) => {
      const values = block.comparisons[place];
      const paper = whole ? data.published[run.task][place] : null;
      const title = el("th", { scope: "row" }, capital(comparison));
      if (!values) {
        const said = el("td", { class: "explorer-none" }, "not run");
        return el("tr", { "data-comparison": comparison }, title, el("td", {}, track(null, paper)), said);
      }
      const [mean, low, high, count] = values;
      const parts = [NOTES[place] || pairsOf(count)];
      if (high > low) parts.push(`${percent(low)} to ${percent(high)}`);
      if (paper !== null) parts.push(`paper ${percent(paper)}`);
      title.append(el("small", {}, parts.join("; ")));
      return el("tr", { "data-comparison": comparison }, title, el("td", {}, track(values, paper)),
        el("td", { class: "explorer-number" }, percent(mean)));
    });
    const axis = svg("svg", { class: "explorer-axis", "aria-hidden": "true" },
      ...[0, 50, 100].map((at) =>
        svg("text", { x: `${at}%`, y: 12, "text-anchor": "middle" }, String(at))));
    const key = "A dot is a mean, its bar the range" +
      (whole ? ", a diamond the paper's mean" : "") + ", the line the pair you are on.";
    nulls.replaceChildren(el("table", {},
      el("caption", {}, "The null nulls of this selection: Jaccard overlap with a ticket, %. ", key),
      el("tbody", {}, ...rows),
      el("tfoot", { "aria-hidden": "true" }, el("tr", {}, el("td", {}), el("td", {}, axis),
        el("td", {})))));
  }

  function track(values, paper) {
    const at = (share) => `${share / 100}%`;
    const drawing = svg("svg", { class: "explorer-track", "aria-hidden": "true" },
      ...[0, 50, 100].map((x) => svg("line", { class: "explorer-grid", x1: `${x}%`, x2: `${x}%`,
        y1: 0, y2: "100%" })),
      svg("line", { class: "explorer-here", y1: 0, y2: "100%" }));
    if (paper !== null) {
      drawing.append(svg("svg", { x: at(paper), y: "50%", overflow: "visible" },
        svg("path", { class: "explorer-paper", d: "M0-6L6 0L0 6L-6 0Z" })));
    }
    if (values) {
      const [mean, low, high] = values;
      drawing.append(
        svg("line", { class: "explorer-range", x1: at(low), x2: at(high), y1: "50%", y2: "50%" }),
        svg("circle", { cx: at(mean), cy: "50%", r: 4 }));
    }
    return drawing;
  }

  // ---- one pair: pointed at, or moved to with the arrow keys ------------------------------------

  const ASK = "Point at a cell, or move through the matrix with the arrow keys, for its numbers.";
  function point(pair) {
    const run = runOf(state);
    const block = blockOf(run, state);
    const [a, b] = (pair || "").split("-");
    detail.textContent = pair ? pairInWords(run, block.cells, a, b) : ASK;
    const cell = pair && cellOf(run, block.cells, a, b);
    for (const line of nulls.querySelectorAll(".explorer-here")) {
      line.setAttribute("x1", cell ? `${cell[0] / 100}%` : "0");
      line.setAttribute("x2", cell ? `${cell[0] / 100}%` : "0");
      line.setAttribute("visibility", cell ? "visible" : "hidden");
    }
    // One cell is in the tab order: the chosen one, else the first.
    const stop = state.pair || cellNodes.keys().next().value;
    for (const [name, node] of cellNodes) {
      node.tabIndex = name === stop ? 0 : -1;
      node.classList.toggle("explorer-chosen", name === state.pair);
    }
  }
  const pairAt = (target) => target.closest && target.closest("td[data-pair]")?.dataset.pair;

  matrix.addEventListener("pointerover", (event) => point(pairAt(event.target) || state.pair));
  matrix.addEventListener("pointerleave", () => point(state.pair));
  matrix.addEventListener("focusin", (event) => take(pairAt(event.target)));
  matrix.addEventListener("click", (event) => {
    const pair = pairAt(event.target);
    if (pair) cellNodes.get(pair).focus();
  });
  function take(pair) { // the pair that the address keeps
    if (!pair || pair === state.pair) return;
    state.pair = pair;
    point(pair);
    history.replaceState(null, "", address(state));
  }
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  matrix.addEventListener("keydown", (event) => {
    const pair = pairAt(event.target);
    if (!pair || event.ctrlKey || event.altKey || event.metaKey) return;
    const langs = runOf(state).langs;
    let [row, column] = pair.split("-").map((code) => langs.indexOf(code));
    const last = langs.length - 1;
    if (event.key in STEPS) {
      row = Math.min(Math.max(row + STEPS[event.key][0], 0), last);
      column = Math.min(Math.max(column + STEPS[event.key][1], 0), last);
    } else if (event.key === "Home") column = 0;
    else if (event.key === "End") column = last;
    else return;
    event.preventDefault();
    cellNodes.get(`${langs[row]}-${langs[column]}`).focus();
  });

  window.addEventListener("hashchange", () => {
    const asked = fromAddress();
    if (asked) show(asked);
  });
  show(fromAddress());
})();
