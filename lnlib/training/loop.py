"""One plain training loop and one scoring loop, with or without a mask."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.base import seeds
from lnlib.base.errors import UserError, choose
from lnlib.masks.matrices import Mask, encoder_of, masked
from lnlib.papers.foroutan.scales import Recipe
from lnlib.tasks.examples import (
    IGNORE,
    Batch,
    Encoded,
    TaskData,
    collate,
    evaluation_order,
    training_order,
)
from lnlib.tasks.task import Score, accuracy, f1, get_task, perplexity

Progress = Callable[[int, float], None]  # step done, its loss in nats


def default_device() -> torch.device:
    """The device that LNLIB_DEVICE names (cpu, cuda, cuda:1); by default a GPU if there is one.

    UserError if it is not there: a run meant for a GPU would take weeks on a CPU unnoticed.
    """
    there = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    asked = os.environ.get("LNLIB_DEVICE") or ("cuda" if len(there) > 1 else "cpu")
    choose("cuda:0" if asked == "cuda" else asked, there, f"device (LNLIB_DEVICE={asked})")
    return torch.device(asked)


@contextmanager
def _memory_in_words(recipe: Recipe) -> Iterator[None]:
    """A GPU that is full becomes a UserError that says what to try."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as cause:
        what = (
            f"the GPU has no memory for batches of {recipe.batch_size} x {recipe.max_tokens} tokens"
        )
        if recipe.batch_size > 1:
            way = f"try a batch_size of {recipe.batch_size // 2}"
        else:
            way = f"try a max_tokens of {recipe.max_tokens // 2}"
        raise UserError(
            f"{what}: end other programs on it, or {way} (Workbench(recipe=...); its scores are "
            "then not those of the scale)"
        ) from cause


def learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """Rate of a step: linear warm-up, then linear to zero at `steps` (Table 7: linear decay)."""
    warm = recipe.warmup * steps
    rise = (step + 1) / warm if step < warm else 1.0
    return recipe.learning_rate * min(rise, (steps - step) / max(1.0, steps - warm))


def train(
    model: nn.Module,
    data: TaskData,
    recipe: Recipe,
    tokenizer: PreTrainedTokenizerBase,
    seed: int,
    mask: Mask | None = None,
    horizon: int | None = None,
    progress: Progress | None = None,
) -> list[float]:
    """Train `model` in place for `recipe.steps` steps; returns each step's loss (nats).

    With `mask`, pruned weights are zeroed first and stay zero. The rate falls to zero within the
    round, or, with `horizon`, as if it had that many steps; the reference code takes the steps of
    all rounds. AdamW without weight decay, gradients clipped, bf16 autocast on a GPU that has it.
    Raises UserError if the loss is not finite or the GPU is full.
    """
    device = default_device()
    with _memory_in_words(recipe):
        model.to(device).train()
    torch.manual_seed(seeds.derive(seed, "dropout"))
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, lr=recipe.learning_rate, eps=recipe.epsilon, weight_decay=0.0, fused=True
    )
    losses: list[torch.Tensor] = []
    order = training_order(data.train.lengths, recipe.batch_size, recipe.steps, seed)
    with masked(model, mask), _memory_in_words(recipe):
        for step, index in enumerate(order):
            mask_seed = seeds.derive(seed, "mask", step) if data.task == "mlm" else None
            batch = collate(data.train, index, tokenizer, mask_seed)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, horizon or recipe.steps, recipe)
            loss, _ = forward(model, batch, device)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, recipe.clip, foreach=True)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
            if progress:
                progress(step, losses[-1].item())
    curve = torch.stack(losses).float().cpu().tolist()
    if not np.isfinite(curve).all():
        raise UserError(
            f"training diverged at step {int(np.argmin(np.isfinite(curve)))}: "
            f"try a learning rate below {recipe.learning_rate}"
        )
    return curve


def score(model: nn.Module, data: TaskData, recipe: Recipe, tokenizer: PreTrainedTokenizerBase,
          seed: int) -> Score:  # fmt: skip
    """The model's score on the validation split; MLM masks the same tokens for the same seed."""
    device = default_device()
    model.to(device).eval()
    held_out = data.validation
    losses, weights = [], []
    predicted: list = [None] * len(held_out)
    with torch.no_grad(), _memory_in_words(recipe):
        # Without gradients four times the batch takes less memory than a training step.
        for number, index in enumerate(evaluation_order(held_out.lengths, 4 * recipe.batch_size)):
            mask_seed = seeds.derive(seed, "score", number) if data.task == "mlm" else None
            batch = collate(held_out, index, tokenizer, mask_seed)
            loss, logits = forward(model, batch, device)
            losses.append(loss.item())
            weights.append(int((batch.labels != IGNORE).sum()))
            if data.task == "ner":
                best = logits.argmax(-1).cpu().numpy()
                for row, (example, labels) in enumerate(
                    zip(index, batch.labels.numpy(), strict=True)
                ):
                    predicted[example] = best[row][labels != IGNORE].tolist()
            elif data.task == "xnli":
                for example, label in zip(index, logits.argmax(-1).tolist(), strict=True):
                    predicted[example] = label
    loss_mean = float(np.average(losses, weights=weights))
    if data.task == "mlm":
        value = perplexity(loss_mean)
    elif data.task == "xnli":
        assert held_out.labels is not None
        value = accuracy(held_out.labels.tolist(), predicted)
    else:
        names = data.labels
        # A word that was cut off, or has no word piece, cannot be found: it stays "O".
        tags = [["O"] * len(row) for row in held_out.gold]
        for line, seen, found in zip(tags, held_out.seen, predicted, strict=True):
            for word, tag in zip(seen, found, strict=True):
                line[word] = names[tag]
        value = f1([[names[tag] for tag in row] for row in held_out.gold], tags)
    return Score(get_task(data.task).metric, value, loss_mean, len(held_out), held_out.lost_words)


def multiplies_bf16(device: torch.device) -> bool:
    """Whether the device has bf16 units: NVIDIA's have since compute capability 8.

    `torch.cuda.is_bf16_supported` is also true of those that only emulate it, such as the T4 that
    Colab lends, where it is slower than fp32.
    """
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def forward(
    model: nn.Module, batch: Batch, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean cross-entropy (nats) and logits: mlm (P, V) at the masked positions, else the head's.

    The loss of a batch without a label is 0, and so is its gradient.
    """
    inputs = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.inputs.items()}
    labels = batch.labels.to(device, non_blocking=True)
    with torch.autocast(device.type, torch.bfloat16, enabled=multiplies_bf16(device)):
        if batch.picked is None:
            logits = model(**inputs).logits
        else:
            with _only(encoder_of(model), batch.picked.to(device)):
                logits = model(**inputs).logits[0]
    logits = logits.float()
    loss = nn.functional.cross_entropy(
        logits.flatten(0, -2), labels.flatten(), ignore_index=IGNORE,
        reduction="mean" if (batch.labels != IGNORE).any() else "sum",  # a mean of none is NaN
    )  # fmt: skip
    return loss, logits


@contextmanager
def _only(encoder: nn.Module, picked: torch.Tensor) -> Iterator[None]:
    """Let only the hidden states at `picked` through to the head.

    The vocabulary is the widest layer by far, and six positions in seven are not asked for. A hook
    on the encoder serves every architecture, where their heads all differ.
    """

    def select(_module: nn.Module, _args: object, output):  # type: ignore[no-untyped-def]
        hidden = output.last_hidden_state
        output.last_hidden_state = hidden.reshape(-1, hidden.shape[-1])[picked][None]  # (1, P, H)
        return output

    hook = encoder.register_forward_hook(select)
    try:
        yield
    finally:
        hook.remove()


def empirical_fisher(model: nn.Module, data: Encoded, task: str, tokenizer: PreTrainedTokenizerBase,
                     parameters: dict[str, nn.Parameter], seed: int,
                     examples: int = 1_024) -> Iterator[tuple[str, np.ndarray]]:  # fmt: skip
    """Mean squared gradient of each weight, example by example (the paper's Appendix D: 1,024)."""
    device = default_device()
    model.to(device).eval()
    sums = {name: torch.zeros_like(p) for name, p in parameters.items()}
    rng = np.random.default_rng(seeds.derive(seed, "fisher"))
    for number in rng.permutation(len(data))[:examples]:
        mask_seed = seeds.derive(seed, "fisher", int(number)) if task == "mlm" else None
        loss, _ = forward(model, collate(data, np.array([number]), tokenizer, mask_seed), device)
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        for name, gradient in zip(sums, gradients, strict=True):
            sums[name] += gradient.float() ** 2
    for name, total in sums.items():
        yield name, (total / min(examples, len(data))).cpu().numpy()
