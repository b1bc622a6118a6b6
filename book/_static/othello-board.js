/* Two kinds of boards as tables: one to play on, one to compare.

   Squares are buttons in the first, moved between by the arrow keys; what is wrong in the second is
   crossed and hatched, so that nothing is said by colour alone. */
"use strict";
window.othello = window.othello || {};
(() => {
  const { EMPTY } = othello.rules;
  const COLOURS = ["white", "empty", "black"]; // as the rules number them

  const { el, svg } = dom;

  const percent = (share) => `${Math.round(100 * share)} %`;
  const VISIBLE = 0.005; // what rounds to 1 % or more

  // Drawn, and not a background, so that discs stay where a system sets its own colours.
  const drawing = (...inside) =>
    svg("svg", { viewBox: "0 0 40 40", "aria-hidden": "true" }, ...inside);
  const disc = (colour) =>
    svg("circle", { class: `othello-${COLOURS[colour]}`, cx: 20, cy: 20, r: 15 });
  const ring = () => svg("circle", { class: "othello-legal", cx: 20, cy: 20, r: 9 });
  const cross = () => ["othello-edge", "othello-cross"].map((kind) =>
    svg("path", { class: kind, d: "M11 11L29 29M29 11L11 29" }));

  const nameOf = (square, cols) => "abcdefgh"[square % cols] + (Math.floor(square / cols) + 1);

  /* A table with its squares' letters and numbers around it; `cells` stand in it. */
  function table(rows, cols, attributes, caption, cells) {
    const letters = cells.slice(0, cols).map((_, col) => el("th", { scope: "col" }, nameOf(col, cols)[0]));
    const line = (_, row) => el("tr", {}, el("th", { scope: "row" }, String(row + 1)),
      ...cells.slice(row * cols, (row + 1) * cols).map((cell) => el("td", {}, cell)));
    return el("table", { class: "othello-board", ...attributes }, caption,
      el("thead", {}, el("tr", {}, el("td", {}), ...letters)),
      el("tbody", {}, ...Array.from({ length: rows }, line)));
  }

  /* The board to play on. `pick(square)` is called for any square that is chosen, legal or not.
     `draw(position, shares)` shows discs, legal moves and the network's shares by square, if any. */
  function game(rows, cols, pick) {
    const caption = el("caption", {});
    const buttons = Array.from({ length: rows * cols }, (_, square) =>
      el("button", { type: "button", tabindex: square ? "-1" : "0", "data-square": nameOf(square, cols) }));
    const node = table(rows, cols, { role: "grid" }, caption, buttons);

    function draw({ discs, legal, turn, played }, shares) {
      buttons.forEach((button, square) => {
        const free = legal.includes(square), share = shares ? shares[square] : 0;
        const said = [nameOf(square, cols), COLOURS[discs[square]]];
        const shown = [];
        if (share >= VISIBLE) {
          const bar = el("span", { class: "othello-bar" });
          bar.style.blockSize = `${100 * share}%`;
          shown.push(bar, el("span", { class: "othello-share" }, percent(share)));
        }
        if (discs[square] !== EMPTY) shown.push(drawing(disc(discs[square])));
        if (free) {
          shown.push(drawing(ring()));
          said.push(`${COLOURS[turn]} may move here`);
        }
        if (share >= VISIBLE) said.push(`network ${percent(share)}`);
        button.replaceChildren(...shown);
        button.setAttribute("aria-label", said.join(", "));
        button.setAttribute("aria-disabled", String(!free));
        button.classList.toggle("othello-last", square === played);
      });
    }

    // One square is in the tab order, and arrows move from it.
    const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const at = (event) => buttons.indexOf(event.target.closest("button"));
    node.addEventListener("click", (event) => at(event) >= 0 && pick(at(event)));
    node.addEventListener("focusin", (event) =>
      buttons.forEach((button) => { button.tabIndex = button === event.target ? 0 : -1; }));
    node.addEventListener("keydown", (event) => {
      const square = at(event), step = STEPS[event.key];
      if (square < 0 || !step || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const row = Math.min(Math.max(Math.floor(square / cols) + step[0], 0), rows - 1);
      const col = Math.min(Math.max((square % cols) + step[1], 0), cols - 1);
      buttons[row * cols + col].focus();
    });
    return { node, caption, draw };
  }

  /* A board as something reads it. `draw(read, discs)` shows the classes that are read, and which
     of them are not what stands there; `read` is null where nothing is. */
  function reading(rows, cols) {
    const caption = el("caption", {});
    const cells = Array.from({ length: rows * cols }, (_, square) =>
      el("div", { "data-square": nameOf(square, cols) }));

    function draw(read, discs) {
      cells.forEach((cell, square) => {
        const found = read ? read[square] : EMPTY, wrong = Boolean(read) && found !== discs[square];
        const said = !read ? "not read"
          : COLOURS[found] + (wrong ? `, wrong: it is ${COLOURS[discs[square]]}` : "");
        cell.className = !read ? "othello-unread" : wrong ? "othello-wrong" : "";
        cell.replaceChildren(
          drawing(...(found === EMPTY ? [] : [disc(found)]), ...(wrong ? cross() : [])),
          el("span", { class: "othello-hidden" }, said));
      });
    }
    return { node: table(rows, cols, {}, caption, cells), caption, draw };
  }

  othello.boards = { game, reading, key: () => drawing(...cross()), nameOf, percent, COLOURS, VISIBLE };
})();
