"""What a mask costs a training step: time, memory, and whether the steps stay the same.

All ways start from the same weights and see the same batch, dropout and clipping. The vocabulary is
small, so that no embedding hides what the mask costs.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import torch
from torch import nn

from benchmarks import shapes
from benchmarks.peers import mask_at_forward, prune_hooks
from benchmarks.table import Options, Row, interleaved, main, time_rows
from lnlib.base.device import default_device
from lnlib.masks.applying import Mask, check_fit, masked
from lnlib.tasks.examples import Batch
from lnlib.tasks.ner import NER

JOB = "masked training step"
BATCH, TOKENS, VOCABULARY = 8, 64, 1_000
CLIP = 0.1  # it bites at every step: that is where ways of masking part
RATE = 1e-4


def rows(options: Options) -> list[Row]:
    if options.toy:
        return measure(2, 16, 2, "ratio <= 1.05")
    return [
        *measure(12, 768, 6, "ratio <= 1.05"),
        *measure(6, 256, 40, "ratio <= 1.05"),
    ]


def measure(layers: int, width: int, rounds: int, target: str) -> list[Row]:
    """Time, memory and trajectory of every way at one size."""
    size = f"{layers} layers x {width}, batch {BATCH} x {TOKENS}"
    with ExitStack() as stack:
        ways, models, held = {}, {}, {}
        for who in ("no mask", "ours", "prune hooks", "mask at forward"):
            before = _tensor_bytes()
            model = shapes.bert(layers, width, VOCABULARY).to(default_device())
            mask = shapes.half(model)
            ways[who] = way(who, model, mask, stack)
            del mask  # what a way needs of it, it holds
            next(ways[who])
            models[who], held[who] = model, _tensor_bytes() - before
        seconds = interleaved({who: lambda w=way: next(w) for who, way in ways.items()}, rounds)
        mask = shapes.half(models["ours"])
        prunable = sum(kept.numel() for kept in mask.values())
        out = time_rows(JOB, size, seconds, "no mask", {"ours": target})
        for who in list(ways)[1:]:
            target = "value <= 1" if who == "ours" else ""
            extra = (held[who] - held["no mask"]) / prunable
            note = "tensors held between steps beyond the plain step's"
            out.append(
                Row(JOB, size, who, "memory", extra, "bytes a weight", None, "", target, note)
            )
        masked_weights: dict[str, Callable[[nn.Module, Mask], dict[str, torch.Tensor]]] = {
            "ours": lambda model, mask: {n: p.detach() for n, p in check_fit(mask, model).items()},
            "mask at forward": mask_at_forward.weights,
        }
        peer = prune_hooks.weights(models["prune hooks"], mask)
        for who, read in masked_weights.items():
            mine = read(models[who], mask)
            apart = max(float((mine[name] - peer[name]).abs().max()) for name in mask)
            target = "value <= 1e-6" if who == "ours" else ""
            note = f"largest difference of a weight from the hooks' after {rounds + 2} steps"
            out.append(Row(JOB, size, who, "difference", apart, "", None, "", target, note))
    return out


def way(who: str, model: nn.Module, mask: Mask, stack: ExitStack) -> Iterator[None]:
    """One training step at every `next`."""
    if who == "ours":
        stack.enter_context(masked(model, mask))
    elif who == "prune hooks":
        prune_hooks.attach(model, mask)
    elif who == "mask at forward":
        mask_at_forward.attach(model, mask)
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0, fused=True)
    return _steps(model, _batch(), parameters, optimizer)


def _steps(model: nn.Module, batch: Batch, parameters: list[nn.Parameter],
           optimizer: torch.optim.Optimizer) -> Iterator[None]:  # fmt: skip
    step = 0
    while True:
        torch.manual_seed(step)  # the same dropout for every way
        loss, _ = NER.loss(model, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, CLIP, foreach=True)
        optimizer.step()
        optimizer.zero_grad()
        del loss
        step += 1
        yield


def _batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, VOCABULARY, (BATCH, TOKENS), generator=generator)
    labels = torch.randint(0, shapes.NER_LABELS, (BATCH, TOKENS), generator=generator)
    return Batch({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, labels)


def _tensor_bytes() -> int:
    """Bytes of all tensors that Python knows, each storage once."""
    gc.collect()
    found = [thing for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor)]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in found}
    return sum(storages.values())


if __name__ == "__main__":
    main("step", rows)
