"""mOthelloGPT: a GPT-2 that reads games in several languages; transformers', by configuration.

As the paper's: normalised before each part, GELU, learned positions, a head that is neither tied
nor has a bias, all weights drawn from N(0, 0.02). No padding mask is needed: padding comes last and
a token sees only those before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from lnlib.base.errors import UserError
from lnlib.base.seeds import derive
from lnlib.papers.hua.network import files
from lnlib.papers.hua.recipes import Size
from lnlib.papers.hua.world.games import Games
from lnlib.papers.hua.world.languages import Languages

_SPREAD = 0.02  # standard deviation of the weights at the start; the official code's


def build(languages: Languages, size: Size, seed: int = 0) -> GPT2LMHeadModel:
    """An untrained network for these languages; the same from the same seed."""
    config = GPT2Config(
        vocab_size=languages.vocabulary, n_positions=languages.context, n_embd=size.width,
        n_layer=size.layers, n_head=size.heads, activation_function="gelu",
        resid_pdrop=size.dropout, embd_pdrop=size.dropout, attn_pdrop=size.dropout,
        initializer_range=_SPREAD, tie_word_embeddings=False, use_cache=False,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "network"))
        model = GPT2LMHeadModel(config)
        for name, weight in model.named_parameters():
            if name.endswith("c_proj.weight"):  # GPT-2 scales these by depth, the paper does not
                nn.init.normal_(weight, std=_SPREAD)
    return model


def size_of(model: GPT2LMHeadModel) -> Size:
    """Blocks, width, heads and dropout of a network."""
    config = model.config
    return Size(config.n_layer, config.n_embd, config.n_head, config.resid_pdrop)


def check_world(model: GPT2LMHeadModel, languages: Languages, games: Games | None = None) -> None:
    """Raise UserError where sizes tell that network, languages and games are of two worlds."""
    has = (model.config.vocab_size, model.config.n_positions)
    if has != (languages.vocabulary, languages.context):
        raise UserError(
            f"the network reads {has[0]} tokens and {has[1]} at a time, these languages on "
            f"{languages.world.name} have {languages.vocabulary} and {languages.context}: it was "
            "trained on another world or in other languages"
        )
    if games is not None and games.world != languages.world:
        raise UserError(
            f"games on {games.world.name} cannot be written in languages of {languages.world.name}"
        )


def check_layer(model: GPT2LMHeadModel, layer: int) -> int:
    """The layer, from 0 (embeddings) to the number of blocks; UserError otherwise."""
    most = model.config.n_layer
    if isinstance(layer, bool) or not isinstance(layer, int) or not 0 <= layer <= most:
        raise UserError(f"layer {layer!r}: expected 0 (embeddings) to {most} (the last block)")
    return layer


def default_layer(model: GPT2LMHeadModel) -> int:
    """Three quarters of the depth: the paper's 6 of 8, and 2 of 3."""
    return 3 * model.config.n_layer // 4


@contextmanager
def asleep(model: nn.Module) -> Iterator[torch.device]:
    """Without dropout and gradients; the network is afterwards in the mode it was in."""
    mode = model.training
    model.eval()
    try:
        with torch.no_grad():  # inference mode's tensors could not train a probe
            yield next(model.parameters()).device
    finally:
        model.train(mode)


def hidden(model: GPT2LMHeadModel, tokens: torch.Tensor, layer: int) -> torch.Tensor:
    """States (B, C, H) after `layer` blocks, before the final LayerNorm; 0 are the embeddings."""
    blocks = model.transformer.h
    kept: list[torch.Tensor] = []
    if layer:
        hook = blocks[layer - 1].register_forward_hook(lambda _block, _args, out: kept.append(out))
    else:
        hook = blocks[0].register_forward_pre_hook(lambda _block, args: kept.append(args[0]))
    try:
        model.transformer(input_ids=tokens)
    finally:
        hook.remove()
    return kept[0]


def save(path: Path | str, model: GPT2LMHeadModel, languages: Languages,
         record: dict[str, Any] | None = None) -> None:  # fmt: skip
    """Write a network, its languages and what else its record says to one file."""
    about = {
        "languages": languages.record, "size": asdict(size_of(model)), "record": record or {}
    }  # fmt: skip
    files.write(Path(path), dict(model.state_dict()), about)


def load(path: Path | str) -> tuple[GPT2LMHeadModel, Languages, dict[str, Any]]:
    """A saved network, in evaluation mode, with its languages and record.

    Raises UserError for a file that is missing, torn, or no network of mOthello.
    """
    tensors, about = files.read(Path(path))
    try:
        languages, size = Languages.of(about["languages"]), Size(**about["size"])
        model = build(languages, size)
        model.load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError) as cause:
        raise UserError(f"{str(path)!r} holds no network of mOthello: train one anew") from cause
    return model.eval(), languages, about["record"]
