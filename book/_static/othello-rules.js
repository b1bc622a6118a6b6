/* Othello: who is to move, what is legal, what turns over.

   The rules of `lnlib/papers/hua/world/boards.py`, a square at a time; a browser test plays the same
   games by both. Positions are never changed: a move makes a new one, so that undoing is forgetting. */
"use strict";
window.othello = window.othello || {};
(() => {
  const WHITE = 0, EMPTY = 1, BLACK = 2; // what a probe calls them too
  const STEPS = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 1], [1, -1], [1, 0], [1, 1]];
  const opponent = (colour) => BLACK - colour;

  /* Discs that turn over if `colour` moves to `square`; none where the move is not legal. */
  function turned({ rows, cols, discs }, square, colour) {
    if (discs[square] !== EMPTY) return [];
    const found = [];
    for (const [down, right] of STEPS) {
      const run = [];
      let row = Math.floor(square / cols) + down, col = (square % cols) + right;
      for (; row >= 0 && row < rows && col >= 0 && col < cols; row += down, col += right) {
        const at = row * cols + col;
        if (discs[at] === opponent(colour)) {
          run.push(at);
          continue;
        }
        if (discs[at] === colour) found.push(...run);
        break;
      }
    }
    return found;
  }

  const movesOf = (board, colour) => [...board.discs.keys()]
    .filter((square) => turned(board, square, colour).length);

  /* The position in which `colour` is to move. Who cannot, passes, which is no move and has no word;
     `legal` is empty where the game is over. */
  function position(board, colour, made) {
    const own = movesOf(board, colour);
    const others = own.length ? [] : movesOf(board, opponent(colour));
    return { ...board, ...made, passed: others.length > 0, legal: own.length ? own : others,
      turn: others.length ? opponent(colour) : colour };
  }

  function start(rows, cols) {
    const discs = new Array(rows * cols).fill(EMPTY);
    const top = (rows / 2 - 1) * cols + cols / 2 - 1;
    discs[top] = discs[top + cols + 1] = WHITE;
    discs[top + 1] = discs[top + cols] = BLACK;
    return position({ rows, cols, discs }, BLACK, {});
  }

  /* The position after a legal move; it says what was `played`, by whom (`mover`), what `flipped`. */
  function play(before, square) {
    if (!before.legal.includes(square)) throw new RangeError(`square ${square} is not legal`);
    const { rows, cols, turn: mover } = before;
    const flipped = turned(before, square, mover);
    const discs = before.discs.slice();
    for (const at of [square, ...flipped]) discs[at] = mover;
    return position({ rows, cols, discs }, opponent(mover), { played: square, mover, flipped });
  }

  /* All positions of a game, the start first. */
  const replay = (rows, cols, moves) => moves.reduce(
    (line, square) => [...line, play(line[line.length - 1], square)], [start(rows, cols)]);

  othello.rules = { WHITE, EMPTY, BLACK, opponent, start, play, replay };
})();
