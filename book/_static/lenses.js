/* One pair of languages through every lens: selects and a row a lens, drawn from lenses-data.js.

   One state object (scale, a, b, depth) is read from the address, settled to what the data have,
   drawn, and written back. `lnlib/lenses/reading/pair.py` says how the data are laid out. */
"use strict";
(() => {
  const data = window.lensesPairs;
  const root = document.getElementById("lenses");
  if (!root) return;
  root.replaceChildren(); // what stands there for readers without scripts

  const { el, svg } = dom;

  if (!data || !data.runs.length) {
    root.append(el("p", { role: "status" }, data ? "No lens has been measured yet."
      : "The data of this page did not load: lenses-data.js should lie beside lenses.js."));
    return;
  }

  // ---- words and numbers ------------------------------------------------------------------------

  const nameOf = (code) => data.languages[code];
  const depthOf = (depth) => (depth ? `layer ${depth}` : "the whole encoder");
  const number = (lens, value) =>
    (value * lens.times).toFixed(lens.decimals).replace(/^-/, "−");
  const withUnit = (lens, text) => (lens.unit === "CKA" ? text : `${text} ${lens.unit}`);
  const rankOf = (rank, of) => {
    const end = rank % 100 > 10 && rank % 100 < 14 ? "th" : ["th", "st", "nd", "rd"][rank % 10] || "th";
    return `${rank}${end} of ${of} pairs`;
  };

  // ---- what can be chosen -----------------------------------------------------------------------

  const runOf = (scale) => data.runs.find((run) => run.scale === scale);
  function settle(asked) {
    const run = runOf(asked.scale) || data.runs[data.runs.length - 1]; // the last is the most real
    const langs = run.langs;
    let { a, b } = asked;
    if (!langs.includes(a)) a = langs.includes("ur") && b !== "ur" ? "ur" : langs[0];
    if (!langs.includes(b) || a === b) b = ["hi", ...langs].find((code) => code !== a && langs.includes(code));
    const depth = run.depths.includes(asked.depth) ? asked.depth : "";
    return { scale: run.scale, a, b, depth };
  }
  const KEYS = ["scale", "a", "b", "depth"];
  const fromAddress = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    return Object.fromEntries(KEYS.filter((key) => asked.has(key)).map((key) => [key, asked.get(key)]));
  };
  const address = () => "#" + new URLSearchParams(KEYS.filter((key) => state[key]).map((key) => [key, state[key]]));

  // ---- what stays on the page -------------------------------------------------------------------

  const titles = { a: "One language", b: "Another", depth: "Depth", scale: "Scale" };
  const selects = {};
  const controls = el("form", { class: "lenses-controls", "aria-label": "Which pair is shown" });
  for (const [key, title] of Object.entries(titles)) {
    selects[key] = el("select", { id: `lenses-${key}` });
    selects[key].addEventListener("change", () => {
      const asked = { ...state, [key]: selects[key].value };
      if (asked.a === asked.b) asked[key === "a" ? "b" : "a"] = state[key]; // the two change places
      show(asked);
      history.replaceState(null, "", address()); // the back button still leaves the page
    });
    controls.append(el("div", {}, el("label", { for: `lenses-${key}` }, title), selects[key]));
  }
  controls.addEventListener("submit", (event) => event.preventDefault());
  const status = el("p", { class: "lenses-status", role: "status", "aria-live": "polite" });
  const rows = el("tbody", {});
  root.append(controls, el("table", {}, el("caption", {}, status,
    "A tick is a pair of languages, the dot the pair you chose; the grey band is what the lens sees " +
    "where languages have nothing to do with it, the open circles what it sees of each of the two languages with itself."),
    rows));

  // ---- drawing ----------------------------------------------------------------------------------

  let state;
  function show(asked) {
    state = settle(asked);
    const run = runOf(state.scale);
    const options = {
      a: run.langs.map((code) => [code, nameOf(code)]),
      b: run.langs.map((code) => [code, nameOf(code)]),
      depth: run.depths.map((depth) => [depth, depthOf(depth)]),
      scale: data.runs.map((one) => [one.scale, one.scale]),
    };
    for (const [key, select] of Object.entries(selects)) {
      select.replaceChildren(...options[key].map(([value, text]) => el("option", { value }, text)));
      select.value = state[key];
      select.disabled = options[key].length < 2;
    }
    status.textContent = `${nameOf(state.a)} and ${nameOf(state.b)}, ${depthOf(state.depth)}, scale ${state.scale}. `;
    rows.replaceChildren(...Object.keys(data.lenses).map((name) => row(run, name)));
  }

  function row(run, name) {
    const lens = data.lenses[name];
    const own = run.views[name][state.depth];
    const view = own || run.views[name][""];
    const title = el("th", { scope: "row" }, lens.title, el("small", {}, lens.what));
    if (!view) return el("tr", { "data-lens": name }, title, el("td", {}),
      el("td", { class: "lenses-number lenses-none" }, "not run"));
    const [i, j] = [state.a, state.b].map((code) => run.langs.indexOf(code)).sort((x, y) => x - y);
    const n = run.langs.length;
    const cell = view.pairs[i * n - (i * (i + 1)) / 2 + j - i - 1]; // combinations, in their order
    const notes = [];
    if (!own && state.depth) notes.push("of the whole encoder: it has no layers");
    if (cell && cell.length > 2) {
      const [first, second] = [run.langs[i], run.langs[j]];
      notes.push(`${nameOf(first)} to ${nameOf(second)} ${number(lens, cell[2])}, back ${number(lens, cell[3])}`);
    }
    if (view.null) {
      const [low, high] = view.null.map((end) => number(lens, end));
      notes.push(`by chance ${low === high ? low : `${low} to ${high}`}: ${lens.null}`);
    }
    const tops = [i, j].map((place) => view.ceiling[place]).filter((top) => top !== null);
    if (tops.length) notes.push(`${lens.ceiling}: ${tops.map((top) => number(lens, top)).join(" and ")}`);
    title.append(...notes.map((line) => el("small", {}, line)));
    const said = cell
      ? [el("strong", {}, withUnit(lens, number(lens, cell[0]))), el("small", {}, rankOf(cell[1], view.of))]
      : [el("span", { class: "lenses-none" }, "not measured")];
    return el("tr", { "data-lens": name }, title, el("td", {}, track(lens, view, cell, tops)),
      el("td", { class: "lenses-number" }, ...said));
  }

  function track(lens, view, cell, tops) {
    const values = view.pairs.filter(Boolean).map(([value]) => value);
    const all = [...values, ...(view.null || []), ...view.ceiling.filter((top) => top !== null)];
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const at = (value) => `${3 + (94 * (value - low)) / (high - low || 1)}%`;
    const drawing = svg("svg", { class: "lenses-track", "aria-hidden": "true" });
    if (view.null) {
      const [x, end] = view.null.map((value) => 3 + (94 * (value - low)) / (high - low || 1));
      drawing.append(svg("rect", { class: "lenses-null", x: `${x}%`, y: 4, height: 24,
        width: `${Math.max(end - x, 0.6)}%` }));
    }
    for (const value of values)
      drawing.append(svg("line", { class: "lenses-pair", x1: at(value), x2: at(value), y1: 10, y2: 22 }));
    for (const top of tops)
      drawing.append(svg("circle", { class: "lenses-ceiling", cx: at(top), cy: 16, r: 4.5 }));
    if (cell) drawing.append(svg("circle", { class: "lenses-here", cx: at(cell[0]), cy: 16, r: 6 }));
    for (const [value, anchor, x] of [[low, "start", "0"], [high, "end", "100%"]])
      drawing.append(svg("text", { x, y: 42, "text-anchor": anchor }, number(lens, value)));
    return drawing;
  }

  window.addEventListener("hashchange", () => {
    const asked = fromAddress();
    if (Object.keys(asked).length) show(asked);
  });
  show(fromAddress());
})();
