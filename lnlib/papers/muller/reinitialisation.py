"""Layers of a pre-trained encoder set back to where a training from nothing would start.

The paper's RANDOM-INIT: a block of layers loses what pre-training taught it, the rest keeps it, and
the whole is fine-tuned. A layer is everything in it: attention, feed-forward part, their norms.
Embeddings, pooler and head keep their values, and so does torch's random state, so that head, order
of the examples and dropout are the same with and without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from lnlib.base.errors import UserError, choose
from lnlib.base.seeds import check, derive
from lnlib.masks.matrices import encoder_of

# "bert": weights N(0, initializer_range), biases 0, norms 1 and 0, as BERT's pre-training began.
# "constructor": torch's own (Kaiming-uniform weights, uniform biases), which the paper's code
# leaves where it skips a module of the checkpoint. "shuffled": the values of each matrix in another
# order, vectors as they are: weights of the same size that are not these weights.
STARTS = ("bert", "constructor", "shuffled")
ALL, NONE = "all", "none"
BLOCK = 2  # layers: the paper's blocks of mBERT's twelve
_BERT_RANGE = 0.02  # where a configuration has no initializer_range: BERT's


@dataclass(frozen=True)
class Block:
    """Some layers of an encoder, and what tables call them: "0-1", "4", "all", "none"."""

    name: str
    layers: tuple[int, ...]


NOTHING = Block(NONE, ())  # what everything is compared with


def layers_of(model: nn.Module) -> list[nn.ModuleList]:
    """The parts of each layer of an encoder, in order.

    Found by structure: the first list of like modules, and lists of as many beside it (XLM keeps
    attention and feed-forward parts of its layers in lists of their own). Of a model with encoder
    and decoder these are the encoder's. Raises UserError where there is no such list.
    """

    def walk(module: nn.Module) -> list[nn.ModuleList]:
        lists = [
            child
            for child in module.children()
            if isinstance(child, nn.ModuleList) and len({type(part) for part in child}) == 1
        ]
        if lists:
            return [part for part in lists if len(part) == len(lists[0])]
        return next((found for child in module.children() if (found := walk(child))), [])

    stacks = walk(encoder_of(model))
    if not stacks:
        raise UserError(f"{type(model).__name__} has no repeated layers to re-initialise")
    return [nn.ModuleList(parts) for parts in zip(*stacks, strict=True)]


def blocks_of(model: nn.Module, size: int = BLOCK) -> tuple[Block, ...]:
    """All layers in blocks of `size`, from below: "0-1", "2-3", ...; the last may be short."""
    layers = len(layers_of(model))
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= layers:
        raise UserError(f"blocks of {size!r} layers: expected a whole number from 1 to {layers}")
    starts = range(0, layers, size)
    return tuple(_block(start, min(start + size, layers) - 1, layers) for start in starts)


def parse_blocks(text: object, model: nn.Module) -> tuple[Block, ...]:
    """The blocks in "0-1,2-3,4-5,all": single layers, spans, "all" and "none", by commas.

    Raises UserError, naming the nearest block there is, for what is none of these, layers that the
    encoder does not have, and a block named twice.
    """
    layers = len(layers_of(model))
    parts = [part.strip() for part in str(text).split(",")]
    blocks = tuple(_parsed(part, layers) for part in parts)
    names = [block.name for block in blocks]
    twice = next(
        (part for part, name in zip(parts, names, strict=True) if names.count(name) > 1), ""
    )
    if twice:
        raise UserError(f"blocks {text!r} name {twice!r} twice")
    return blocks


def _parsed(text: str, layers: int) -> Block:
    if text in (ALL, NONE):
        return Block(ALL, tuple(range(layers))) if text == ALL else NOTHING
    ends = text.split("-")
    if not (1 <= len(ends) <= 2 and all(end.isdecimal() for end in ends)):
        raise UserError(
            f"block {text!r} is not known: expected a layer (0), a span ({_span(0, 1, layers)}), "
            f"{ALL!r} or {NONE!r}"
        )
    first, last = int(ends[0]), int(ends[-1])
    if first > last or last >= layers:
        high = min(max(first, last), layers - 1)
        low = max(0, high - abs(last - first))
        raise UserError(
            f"block {text!r} is not in this encoder, which has layers 0 to {layers - 1}; "
            f"did you mean {_span(low, high, layers)!r}?"
        )
    return _block(first, last, layers)


def _block(first: int, last: int, layers: int) -> Block:
    return Block(_span(first, last, layers), tuple(range(first, last + 1)))


def _span(first: int, last: int, layers: int) -> str:
    """One name for one set of layers: a span of all of them is "all"."""
    if (first, last) == (0, layers - 1):
        return ALL
    return str(first) if first == last else f"{first}-{last}"


def reinitialise(model: nn.Module, block: Block, seed: int, start: str = "bert") -> None:
    """Give the layers of `block` the values of `start` (see `STARTS`), in place.

    The draw depends on the seed, the block and the start alone, and torch's random state stays as
    it was. Raises UserError for an unknown start, layers that are not there, and for "constructor"
    where a module's own start is not known.
    """
    choose(start, STARTS, "start")
    stack = layers_of(model)
    if block.layers and max(block.layers) >= len(stack):
        _parsed(block.name, len(stack))  # says which block there is
    drawn = derive(check(seed), "reinit", block.name, start)
    generator = torch.Generator().manual_seed(drawn)
    parts = [part for layer in block.layers for part in stack[layer].modules()]
    with torch.no_grad():
        if start == "constructor":
            _as_constructed(parts, drawn)
            return
        deviation = getattr(getattr(model, "config", None), "initializer_range", _BERT_RANGE)
        for part in parts:
            for name, parameter in part.named_parameters(recurse=False):
                parameter.copy_(_drawn(part, name, parameter, start, deviation, generator))


def _drawn(
    part: nn.Module, name: str, values: nn.Parameter, start: str, deviation: float,
    generator: torch.Generator,
) -> torch.Tensor:  # fmt: skip
    """New values for one parameter; on the CPU, so that every device gets the same."""
    if start == "shuffled":
        if values.ndim < 2:
            return values
        order = torch.randperm(values.numel(), generator=generator)
        return values.cpu().flatten()[order].view(values.shape)
    if values.ndim >= 2:
        return torch.randn(values.shape, generator=generator) * deviation
    return torch.full(values.shape, float(_is_norm(part) and name != "bias"))


def _is_norm(part: nn.Module) -> bool:
    return "norm" in type(part).__name__.lower()  # every architecture has a class of its own


def _as_constructed(parts: Sequence[nn.Module], seed: int) -> None:
    """torch's own start; it draws from the global state, which is put back."""
    own = [part for part in parts if any(True for _ in part.parameters(recurse=False))]
    unknown = [p for p in own if not (hasattr(p, "reset_parameters") or _is_norm(p))]
    if unknown:
        raise UserError(
            f"start 'constructor': how {type(unknown[0]).__name__} starts is not known; "
            "try start 'bert'"
        )
    with torch.random.fork_rng(list(_gpus(own))):
        torch.manual_seed(seed)
        for part in own:
            if reset := getattr(part, "reset_parameters", None):
                reset()
                continue
            for name, parameter in part.named_parameters(recurse=False):
                parameter.fill_(float(name != "bias"))


def _gpus(parts: Sequence[nn.Module]) -> Iterator[torch.device]:
    places = {parameter.device for part in parts for parameter in part.parameters()}
    return (place for place in places if place.type == "cuda")
