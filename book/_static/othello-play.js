/* The page on which a reader plays: what is chosen, what the network makes of it, and how it is said.

   One state (network, language, moves) is read from the address, drawn by `show`, and written back.
   Positions are those of othello-rules.js, numbers those of othello-network.js, boards those of
   othello-board.js, elements those of dom.js; the networks themselves are in othello-networks.js. */
"use strict";
(() => {
  const root = document.getElementById("othello");
  if (!root) return;
  const data = window.othelloNetworks;
  const { rules, boards } = othello;
  const { el } = dom;
  const { percent, COLOURS } = boards;
  root.replaceChildren(); // what stands there for readers without scripts
  if (!data) {
    root.append(el("p", { role: "status" }, "The networks of this page did not load: " +
      "othello-networks.js should lie beside othello-play.js."));
    return;
  }
  document.documentElement.classList.add("othello-runs"); // hides the figure that says it without

  const { rows, cols } = data;
  const SQUARES = rows * cols;
  const LANGUAGES = ["A", "B"]; // the probe was trained on the first
  const ABOUT = { // what a network was trained to do, by its name
    "naive": "The two languages have no word in common; a game is answered in its own language.",
    "4 anchors": "Four squares have one word in both languages; a game is answered in its own language.",
    "unified output": "The two languages have no word in common, but games of both are answered " +
      "in a third language.",
    "untrained": "Random weights, which never saw a game. A probe of them was trained all the same.",
  };
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  const listed = (words) => (words.length < 2 ? words.join("")
    : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`);
  const nameOf = (square) => boards.nameOf(square, cols);

  // ---- what the network makes of a game -----------------------------------------------------------

  const networks = new Map(); // unpacked when first asked for
  function networkOf({ name }) {
    if (!networks.has(name)) {
      const packed = data.networks.find((each) => each.name === name);
      networks.set(name, { ...packed, ...othello.network(packed) });
    }
    return networks.get(name);
  }
  const tokens = (state, language) =>
    state.moves.map((square) => networkOf(state).words[language][square]);

  /* Shares of probability for the next move, by square, and `elsewhere`: on words that mean no move
     in this language. Null where the network reads nothing. */
  function answer(state) {
    const network = networkOf(state), asked = tokens(state, state.language);
    if (!network.reads(asked)) return null;
    const shares = othello.softmax(network.read(asked).logits);
    const squares = network.answers[state.language].map((token) => (token ? shares[token] : 0));
    return { squares, elsewhere: 1 - squares.reduce((sum, share) => sum + share, 0) };
  }

  /* The board that the probe reads from the game as it is written in a language; or null. */
  function reading(state, language) {
    const network = networkOf(state), asked = tokens(state, language);
    return network.reads(asked) ? network.board(asked) : null;
  }
  const right = (read, { discs }) => read.filter((found, square) => found === discs[square]).length;

  // ---- the address --------------------------------------------------------------------------------

  const OPENED = { name: data.networks[0].name, language: 0, moves: data.openings[0] };
  function fromAddress() { // null where the address says nothing to us (a heading's anchor, say)
    const asked = new URLSearchParams(location.hash.slice(1));
    if (!asked.has("network")) return null;
    const named = asked.get("moves")?.match(/[a-h][1-8]/g) || [];
    const squares = [...Array(SQUARES).keys()];
    return { name: asked.get("network"), language: asked.get("language") === LANGUAGES[1] ? 1 : 0,
      moves: named.map((name) => squares.find((square) => nameOf(square) === name)) };
  }
  const address = ({ name, language, moves }) => "#" + new URLSearchParams(
    { network: name, language: LANGUAGES[language], moves: moves.map(nameOf).join("") });

  /* The nearest state that can be shown: of an old link's moves, those before one that is illegal. */
  function settled({ name, language, moves }) {
    const known = data.networks.some((each) => each.name === name);
    let position = rules.start(rows, cols), count = 0;
    while (position.legal.includes(moves[count])) position = rules.play(position, moves[count++]);
    return { name: known ? name : OPENED.name, language, moves: moves.slice(0, count) };
  }

  // ---- sentences ----------------------------------------------------------------------------------

  function turnInWords({ discs, legal, turn }) {
    const count = (colour) => discs.filter((at) => at === colour).length;
    return legal.length ? `${capital(COLOURS[turn])} is to move.`
      : `The game is over: ${count(rules.BLACK)} black, ${count(rules.WHITE)} white.`;
  }

  function movedInWords(position) {
    const { passed, played, mover, flipped } = position, said = [];
    if (flipped) {
      said.push(`${capital(COLOURS[mover])} played ${nameOf(played)} and turned over ` +
        `${listed(flipped.map(nameOf))}.`);
    }
    if (passed) said.push(`${capital(COLOURS[rules.opponent(mover)])} has no move and passes.`);
    return [...said, turnInWords(position)].join(" ");
  }

  function answeredInWords({ language }, { legal }, found) {
    if (!found || !legal.length) return "";
    const onLegal = legal.reduce((sum, square) => sum + found.squares[square], 0);
    const parts = [`${percent(onLegal)} of its probability on legal moves`,
      `${percent(Math.max(0, 1 - onLegal - found.elsewhere))} on illegal ones`];
    if (found.elsewhere >= boards.VISIBLE) {
      parts.push(`${percent(found.elsewhere)} on words that mean no move in ${LANGUAGES[language]}`);
    }
    return `From the game in ${LANGUAGES[language]} the network puts ${listed(parts)}.`;
  }

  function readInWords({ moves }, position, [own, other]) {
    if (!moves.length) return "Nothing is read before the first move: no word stands for the start.";
    if (!own) return "No network reads the last move of a whole game, since nothing follows it.";
    return `The probe was trained on games in A. Of ${SQUARES} squares it reads ` +
      `${right(own, position)} right from this game in A, and ${right(other, position)} from the ` +
      `same game in B. Always guessing what is commonest after ${moves.length} ` +
      `move${moves.length > 1 ? "s" : ""} would get ${right(data.usual[moves.length - 1], position)}.`;
  }

  function writtenInWords(state) {
    if (!state.moves.length) return "";
    const [a, b] = LANGUAGES.map((_, language) => tokens(state, language).join(" "));
    return `What the network is given, word by word: ${a} in A, ${b} in B.`;
  }

  // ---- what stays on the page ---------------------------------------------------------------------

  function choice(legend, name, labels, pick) {
    const inputs = labels.map((_, at) => el("input", { type: "radio", name, value: at }));
    inputs.forEach((input, at) => input.addEventListener("change", () => pick(at)));
    const node = el("fieldset", {}, el("legend", {}, legend),
      ...inputs.map((input, at) => el("label", {}, input, labels[at])));
    return { node, check: (at) => { inputs[at].checked = true; } };
  }
  const names = data.networks.map((each) => each.name);
  const methods = choice("How the network was trained", "othello-network", names.map(capital),
    (at) => choose({ name: names[at] }));
  const spoken = choice("The game is written in", "othello-language",
    LANGUAGES.map((each) => `language ${each}`), (language) => choose({ language }));

  /* A button that stays where the focus is when it has nothing to do, and then does nothing. */
  function action(label, act) {
    const button = el("button", { type: "button" }, label);
    button.addEventListener("click", () => button.ariaDisabled !== "true" && act());
    return button;
  }
  const move = (square) => choose({ moves: [...state.moves, square] });
  const undo = action("Undo", () => choose({ moves: state.moves.slice(0, -1) }));
  const anew = action("New game", () => choose({ moves: [] }));
  const random = action("Random move", () => {
    const { legal } = positionOf(state);
    move(legal[Math.floor(Math.random() * legal.length)]);
  });
  const likeliest = action("Network’s move", () => {
    const { squares } = answer(state);
    move(positionOf(state).legal.reduce((a, b) => (squares[b] > squares[a] ? b : a)));
  });
  const openings = el("select", { "aria-label": "Recorded openings" },
    el("option", { value: "" }, "Openings …"),
    ...data.openings.map((moves, at) => el("option", { value: at }, moves.map(nameOf).join(" "))));
  openings.addEventListener("change", () => {
    choose({ moves: data.openings[openings.value] });
    openings.value = "";
  });

  const about = el("p", { class: "othello-about" });
  const game = boards.game(rows, cols, (square) => {
    if (positionOf(state).legal.includes(square)) move(square);
    else movedLine.textContent = `${nameOf(square)} is no legal move: it would turn over no disc.`;
  });
  const readers = LANGUAGES.map(() => boards.reading(rows, cols));
  const movedLine = el("p", {}), answeredLine = el("p", {}), readLine = el("p", {});
  const written = el("p", { class: "othello-written" });
  root.append(
    el("div", { class: "othello-controls" }, methods.node, spoken.node), about,
    el("div", { class: "othello-views" },
      el("div", { class: "othello-game" }, game.node,
        el("div", { class: "othello-actions" }, undo, anew, random, likeliest, openings),
        el("div", { role: "status" }, movedLine, answeredLine)),
      el("div", { class: "othello-readings" }, ...readers.map(({ node }) => node),
        el("div", { class: "othello-said" },
          el("p", { class: "othello-key", "aria-hidden": "true" }, boards.key(), "read wrongly"),
          el("div", { role: "status" }, readLine), written))));

  // ---- showing a state ----------------------------------------------------------------------------

  let state;
  const positionOf = ({ moves }) => rules.replay(rows, cols, moves).pop();

  function choose(change) {
    show({ ...state, ...change });
    history.replaceState(null, "", address(state)); // the back button still leaves the page
  }

  function show(asked) {
    state = settled(asked);
    const position = positionOf(state), answered = answer(state);
    const read = LANGUAGES.map((_, language) => reading(state, language));
    methods.check(names.indexOf(state.name));
    spoken.check(state.language);
    about.textContent = ABOUT[state.name];
    game.caption.replaceChildren(el("strong", {}, turnInWords(position)),
      " Rings are legal moves, bars what the network expects.");
    game.draw(position, answered && position.legal.length ? answered.squares : null);
    readers.forEach(({ caption, draw }, language) => {
      const share = read[language] ? `${right(read[language], position)} of ${SQUARES} right` : "nothing";
      caption.replaceChildren(`The probe reads, from the game in ${LANGUAGES[language]}` +
        `${language ? "" : " (its own language)"}: `, el("strong", {}, share));
      draw(read[language], position.discs);
    });
    readLine.textContent = readInWords(state, position, read);
    movedLine.textContent = movedInWords(position);
    answeredLine.textContent = answeredInWords(state, position, answered);
    written.textContent = writtenInWords(state);
    undo.ariaDisabled = anew.ariaDisabled = String(!state.moves.length);
    random.ariaDisabled = String(!position.legal.length);
    likeliest.ariaDisabled = String(!position.legal.length || !answered);
  }

  window.addEventListener("hashchange", () => {
    const asked = fromAddress();
    if (asked) show(asked);
  });
  show(fromAddress() || OPENED);
})();
