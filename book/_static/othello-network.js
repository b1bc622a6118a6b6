/* A small GPT-2, and a probe of its states, from packed weights: the arithmetic of
   `lnlib/papers/hua/network/model.py` and `probing/probe.py` in plain numbers. A browser test holds
   both to torch's.

   A matrix comes as whole numbers from -127 to 127, an output a row, with one scale a row; a vector
   as 32-bit floats. `lnlib/papers/hua/page/packing.py` writes them. */
"use strict";
window.othello = window.othello || {};
(() => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

  function unpack({ rows, scale, floats }) {
    if (floats) return new Float32Array(bytes(floats));
    const whole = new Int8Array(bytes(rows)), scales = new Float32Array(bytes(scale));
    const width = whole.length / scales.length;
    return scales.reduce((matrix, each, row) => {
      matrix.push(Float32Array.from(whole.subarray(row * width, (row + 1) * width), (n) => n * each));
      return matrix;
    }, []);
  }
  const unpackAll = (packed) => Object.fromEntries(
    Object.entries(packed).map(([name, tensor]) => [name, unpack(tensor)]));

  // ---- arithmetic ---------------------------------------------------------------------------------

  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const plus = (a, b) => Array.from(a, (value, i) => value + b[i]);
  const linear = (matrix, bias, x) => matrix.map((row, i) => dot(row, x) + (bias ? bias[i] : 0));

  function normed(scale, shift, x) {
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const centred = x.map((value) => value - mean);
    const spread = Math.sqrt(dot(centred, centred) / x.length + 1e-5); // GPT-2's epsilon
    return centred.map((value, i) => (value / spread) * scale[i] + shift[i]);
  }

  function softmax(scores) {
    const most = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - most));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  }

  /* The error function, which JavaScript lacks, by Abramowitz and Stegun's 7.1.26: within 2e-7. */
  function erf(x) {
    const t = 1 / (1 + 0.3275911 * Math.abs(x));
    const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 +
      t * (-1.453152027 + t * 1.061405429))));
    return Math.sign(x) * (1 - series * Math.exp(-x * x));
  }
  const gelu = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));
  const relu = (x) => Math.max(x, 0);

  // ---- the network --------------------------------------------------------------------------------

  /* What the last token's attention finds in the tokens up to it: `all` are theirs in one block,
     [query, key, value] side by side. */
  function attended(all, heads) {
    const last = all[all.length - 1], width = last.length / 3, each = width / heads;
    const found = [];
    for (let head = 0; head < heads; head++) {
      const part = (token, which) => // 0 query, 1 key, 2 value
        token.slice(which * width + head * each, which * width + (head + 1) * each);
      const asked = part(last, 0);
      const weights = softmax(all.map((token) => dot(asked, part(token, 1)) / Math.sqrt(each)));
      for (let i = 0; i < each; i++) {
        found.push(all.reduce((sum, token, t) => sum + weights[t] * part(token, 2)[i], 0));
      }
    }
    return found;
  }

  /* A network of the page's data. `reads` says whether it has states for these tokens: at least one,
     and no more than it has places for. */
  function network({ heads, probed, weights: packed, probe: packedProbe }) {
    const w = unpackAll(packed), p = unpackAll(packedProbe);
    const layers = Object.keys(w).filter((name) => name.endsWith(".ln_1.weight")).length;
    const reads = (tokens) => tokens.length > 0 && tokens.length <= w["wpe.weight"].length;

    /* States after the last token, one after each block and the embeddings first, and the logits of
       the token that comes next. */
    function read(tokens) {
      let states = tokens.map((token, place) => plus(w["wte.weight"][token], w["wpe.weight"][place]));
      const last = [states[states.length - 1]];
      for (let layer = 0; layer < layers; layer++) {
        const of = (name) => w[`h.${layer}.${name}`];
        const norm = (name, x) => normed(of(`${name}.weight`), of(`${name}.bias`), x);
        const apply = (name, x) => linear(of(`${name}.weight`), of(`${name}.bias`), x);
        const keyed = states.map((state) => apply("attn.c_attn", norm("ln_1", state)));
        states = states.map((state, place) => plus(state,
          apply("attn.c_proj", attended(keyed.slice(0, place + 1), heads))));
        states = states.map((state) => plus(state,
          apply("mlp.c_proj", apply("mlp.c_fc", norm("ln_2", state)).map(gelu))));
        last.push(states[states.length - 1]);
      }
      const logits = linear(w["lm_head.weight"], null,
        normed(w["ln_f.weight"], w["ln_f.bias"], last[layers]));
      logits[0] = -Infinity; // padding is never a target, so nothing keeps it down
      return { states: last, logits };
    }

    /* Scores of white, empty and black for every square, from the state that the probe is for. */
    function probe(state) {
      const scaled = state.map((value, i) => (value - p.middle[i]) / p.spread[0]);
      const middle = linear(p["layers.0.weight"], p["layers.0.bias"], scaled).map(relu);
      const scores = linear(p["layers.2.weight"], p["layers.2.bias"], middle);
      return Array.from({ length: scores.length / 3 }, (_, s) => scores.slice(3 * s, 3 * s + 3));
    }

    /* The board that the probe reads after these tokens: the likeliest class of every square. */
    const board = (tokens) => probe(read(tokens).states[probed])
      .map((scores) => scores.indexOf(Math.max(...scores)));
    return { reads, read, probe, board };
  }

  othello.network = network;
  othello.softmax = softmax;
})();
