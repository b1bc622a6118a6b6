/* The most influential training sentences of a test sentence, drawn from influences-data.js.

   One state object (task, language, number of the sentence, mask, epoch) is read from the address,
   made possible by `settle`, drawn by `show`, and written back into the address.
   lnlib/papers/choenni/analysis/sentences.py says how the data are laid out. */
"use strict";
(() => {
  const all = window.influentialSentences;
  const root = document.getElementById("influences");
  if (!root) return;
  const { el } = dom;
  if (!all || !Object.keys(all).length) {
    root.replaceChildren(el("p", { role: "status" }, all
      ? "No influence on single sentences has been recorded: python -m lnlib choenni show records it."
      : "The data of this page did not load: influences-data.js should lie beside influences.js."));
    return;
  }
  document.querySelectorAll(".influences-static").forEach((node) => node.remove());
  root.replaceChildren();

  // Okabe and Ito's, which the colour-blind tell apart; a name stands beside each.
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#888888"];
  const TASKS = { ner: "Named entities", xnli: "Inference", pos: "Parts of speech" };
  const TITLES = { task: "Task", lang: "Language", sentence: "Test sentence",
    mask: "Part of the model", epoch: "Training" };
  const KEYS = Object.keys(TITLES);
  const plain = (value) => String(Math.round(10 * value) / 10);
  const nameOf = (data, lang) => data.languages[lang][0];
  const colourOf = (data, lang) => COLOURS[Object.keys(data.languages).indexOf(lang) % COLOURS.length];
  const pair = (pieces) => pieces[0][1] === "premise"; // and its hypothesis: two texts
  const textOf = ([, , pieces]) => pieces.map(([text]) => text).join(pair(pieces) ? " / " : "");

  // ---- what can be chosen -----------------------------------------------------------------------

  const testsOf = (data, lang) => data.tests.filter((test) => data.sentences[test.at][0] === lang);
  const numberOf = (data, test) => String(data.sentences[test.at][1]);

  function choices(state) { // lists of values, one a select, given the choices before it
    const data = all[state.task] || {};
    return {
      task: Object.keys(all),
      lang: Object.keys(data.languages || {}),
      sentence: all[state.task] ? testsOf(data, state.lang).map((test) => numberOf(data, test)) : [],
      mask: Object.keys(data.masks || {}),
      epoch: [...(data.epochs || []).keys(), "all"].map(String),
    };
  }
  function settle(asked) { // the nearest state that the data can show
    const state = { epoch: "all", ...asked };
    for (const key of KEYS) {
      const there = choices(state)[key];
      if (!there.includes(state[key])) state[key] = there[0];
    }
    return state;
  }
  function labels(state, key, value) {
    const data = all[state.task];
    if (key === "task") return TASKS[value] || value;
    if (key === "lang") return nameOf(data, value);
    if (key === "sentence") return textOf(data.sentences[testAt({ ...state, sentence: value }).at]);
    if (key === "epoch") return value === "all" ? "all of it" : `epoch ${data.epochs[value]}`;
    if (value === "full") return "whole model";
    if (value === "random") return "a random sub-network";
    return `${nameOf(data, value)}’s sub-network${value === state.lang ? " (its own)" : ""}`;
  }
  const testAt = (state) => testsOf(all[state.task], state.lang).find(
    (test) => numberOf(all[state.task], test) === state.sentence);

  // ---- the address ------------------------------------------------------------------------------

  function fromAddress() { // null where the address says nothing to us (a heading's anchor, say)
    const asked = new URLSearchParams(location.hash.slice(1));
    const known = KEYS.filter((key) => asked.has(key));
    return known.length ? Object.fromEntries(known.map((key) => [key, asked.get(key)])) : null;
  }

  // ---- what stays on the page -------------------------------------------------------------------

  const selects = {};
  const controls = el("form", { class: "explorer-controls", "aria-label": "What is shown" });
  for (const [key, title] of Object.entries(TITLES)) {
    selects[key] = el("select", { id: `influences-${key}` });
    selects[key].addEventListener("change", () => {
      show({ ...state, [key]: selects[key].value });
      history.replaceState(null, "", `#${new URLSearchParams(state)}`); // back leaves the page
    });
    controls.append(el("div", { "data-key": key },
      el("label", { for: `influences-${key}` }, title), selects[key]));
  }
  controls.addEventListener("submit", (event) => event.preventDefault());
  const test = el("div", { class: "influences-test" });
  const status = el("p", { role: "status", "aria-live": "polite" });
  const counts = el("div", {});
  const list = el("ol", {});
  root.append(controls, el("div", { class: "influences-views" },
    el("div", { class: "influences-left" }, test, status, counts),
    el("div", {}, el("h2", {}, "Its most influential training sentences"), list)));

  // ---- drawing ----------------------------------------------------------------------------------

  let state;
  function show(asked) {
    state = settle(asked || {});
    const data = all[state.task], there = choices(state);
    for (const [key, select] of Object.entries(selects)) {
      select.replaceChildren(...there[key].map((value) => el("option",
        { value, ...(key === "sentence" ? script(data, state.lang) : {}) }, labels(state, key, value))));
      select.value = state[key];
    }
    const asking = testAt(state), own = data.sentences[asking.at];
    const [places, values] = asking.best[state.mask].at(
      state.epoch === "all" ? -1 : Number(state.epoch));
    const best = places.map((place) => data.sentences[place]);
    test.replaceChildren(el("h2", {}, `The test sentence, in ${nameOf(data, own[0])}`),
      sentence(data, own), el("p", { class: "influences-note" }, labelled(own[3])));
    status.textContent = inWords(data, asking, own, best);
    counts.replaceChildren(table(data, own, best));
    list.replaceChildren(...best.map((row, rank) => item(data, own, best, row, rank, values[rank])));
  }

  const script = (data, lang) => ({ lang, dir: data.languages[lang][1] });
  const sentence = (data, [lang, , pieces]) => el("p", script(data, lang), ...pieces.map(
    ([text, label]) => (label ? el("span", { class: pair(pieces) ? "influences-text" : "influences-piece" }, text,
      el("bdi", { lang: "en", dir: "ltr" }, label)) : text)));
  const labelled = (own) => (own.length ? `Labels: ${own.join(", ")}` : "No label");
  const same = (a, b) => a.join() === b.join();

  function inWords(data, asking, own, best) {
    const count = best.filter(([lang]) => lang === own[0]).length;
    const alike = best.filter((row) => same(row[3], own[3])).length;
    const [mean, high] = data.chance[own[0]];
    return `${count} of the ${data.top} are ${nameOf(data, own[0])}; by chance ${plain(mean)} would ` +
      `be, and rarely more than ${high}. ` +
      `${alike} have exactly the test sentence’s labels; by chance ` +
      `${plain(data.top * asking.alike / data.of)} would.`;
  }

  function table(data, own, best) {
    const rows = Object.keys(data.languages).map((lang) => {
      const count = best.filter((row) => row[0] === lang).length;
      const [mean, high] = data.chance[lang], at = (value) => `${100 * value / data.top}%`;
      const track = el("span", { class: "influences-track", "aria-hidden": "true",
        style: `--high: ${at(high)}; --colour: ${colourOf(data, lang)}` },
      el("i", { style: `width: ${at(count)}` }), el("b", { style: `left: ${at(mean)}` }));
      return el("tr", lang === own[0] ? { class: "influences-own" } : {},
        el("th", { scope: "row" }, nameOf(data, lang)), el("td", {}, track), el("td", {}, String(count)));
    });
    return el("table", {}, el("caption", {}, `How many of the ${data.top}, by language. The line is ` +
      "chance, grey what permuted languages give."), el("tbody", {}, ...rows));
  }

  function item(data, own, best, row, rank, value) {
    const notes = [];
    const shared = row[3].filter((label) => own[3].includes(label));
    const agrees = same(row[3], own[3]);
    if (agrees) notes.push(el("span", { class: "influences-alike" }, `✓ same labels: ${row[3].join(", ") || "none"}`));
    else notes.push(shared.length ? `shares ${shared.join(", ")}` : "shares no label");
    const first = best.findIndex((other) => other[1] === row[1]);
    if (first < rank) notes.push(`translates no. ${first + 1}`);
    return el("li", { style: `--colour: ${colourOf(data, row[0])}`, "data-lang": row[0] },
      el("div", { class: "influences-head" }, el("span", {}, `${rank + 1}.`),
        el("strong", {}, nameOf(data, row[0])), el("span", {}, `influence ${(value / 100).toFixed(2)}`)),
      sentence(data, row),
      el("div", { class: "influences-note" }, ...notes.flatMap((note, at) => (at ? ["; ", note] : [note]))));
  }

  window.addEventListener("hashchange", () => {
    const asked = fromAddress();
    if (asked) show(asked);
  });
  show(fromAddress());
})();
