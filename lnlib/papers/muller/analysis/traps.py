"""What the reference code's habits do to a number, small enough to see.

For the page of its traps: they are run there on the data that ship with the package.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.base.seeds import derive
from lnlib.papers.muller.reinitialisation import STARTS, Block, layers_of, reinitialise
from lnlib.papers.muller.tables import SHUFFLED, TRUE
from lnlib.states import cka
from lnlib.states.similarity import shuffled_pairs


def by_sentences(
    x: cka.States, y: cka.States, sizes: Sequence[int], draws: int = 5, seed: int = 0
) -> pd.DataFrame:
    """CKA of so many pairs of sentences, drawn anew `draws` times: what few of them do to it.

    x and y are (N, H), translations of each other. Columns n, kind (of `cka.KINDS`), pairs
    ("translations" or "shuffled pairs"), draw, value. Raises UserError as `cka.cka` does.
    """
    x, y = (np.asarray(side) for side in (x, y))
    rng = np.random.default_rng(derive(seed, "traps"))
    rows = []
    for n in sizes:
        for draw in range(draws):
            drawn = rng.choice(len(x), n, replace=False)
            others = drawn[shuffled_pairs(n, seed + draw)]
            rows += [
                {"n": n, "kind": kind, "pairs": pairs, "draw": draw,
                 "value": cka.cka(x[drawn], y[partners], kernel, debiased)}
                for kind, (kernel, debiased) in cka.KINDS.items()
                for pairs, partners in ((TRUE, drawn), (SHUFFLED, others))
            ]  # fmt: skip
    return pd.DataFrame(rows)


def values_of_starts(model: nn.Module, layer: int = 0, seed: int = 0) -> pd.DataFrame:
    """How large one layer's values are, as pre-trained and by each start; the model is changed.

    Rows "pre-trained" and `STARTS`; columns matrix (their standard deviation over all matrices),
    largest (the largest size in them) and bias (the mean size of a linear layer's biases).
    """
    kept = {name: values.clone() for name, values in model.state_dict().items()}
    rows = {"pre-trained": _sizes(model, layer)}
    for start in STARTS:
        model.load_state_dict(kept)
        reinitialise(model, Block(str(layer), (layer,)), seed, start)
        rows[start] = _sizes(model, layer)
    return pd.DataFrame.from_dict(rows, orient="index")


def _sizes(model: nn.Module, layer: int) -> dict[str, float]:
    parts = [part for part in layers_of(model)[layer].modules() if isinstance(part, nn.Linear)]
    matrices = torch.cat([part.weight.detach().flatten() for part in parts])
    biases = torch.cat([part.bias.detach() for part in parts if part.bias is not None])
    return {
        "matrix": float(matrices.std()),
        "largest": float(matrices.abs().max()),
        "bias": float(biases.abs().mean()),
    }


def pieces_twice(text: str, tokenizer: PreTrainedTokenizerBase) -> tuple[list[str], list[str]]:
    """What a tokenizer makes of a text in which [CLS] and [SEP] are written already, and what is
    left of it without its first and last piece, as the reference takes its mean."""
    written = f"{tokenizer.cls_token} {text} {tokenizer.sep_token}"
    pieces = tokenizer.convert_ids_to_tokens(tokenizer(written)["input_ids"])
    return pieces, pieces[1:-1]
