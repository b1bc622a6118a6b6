"""What is measured on: BERTs of a given shape with random weights, and tickets of mBERT's size."""

from __future__ import annotations

import numpy as np
import torch
import transformers

from lnlib.masks.applying import Mask
from lnlib.masks.matrices import Matrix, prunable
from lnlib.masks.ticket import Ticket
from lnlib.masks.ticket_file import Record
from lnlib.papers.foroutan.scales import LEVELS

NER_LABELS = 7


def bert(layers: int, width: int, vocabulary: int, labels: int = NER_LABELS,
         seed: int = 0) -> torch.nn.Module:  # fmt: skip
    """A token classifier of BERT's proportions, in training mode: attention heads of 64."""
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers,
        num_attention_heads=max(1, width // 64), intermediate_size=4 * width,
        num_labels=labels,
    )  # fmt: skip
    return transformers.BertForTokenClassification(config).train()


def half(model: torch.nn.Module, keep: float = 0.5, seed: int = 0) -> Mask:
    """A random mask of the model's prunable matrices."""
    generator = torch.Generator().manual_seed(seed)
    return {
        m.name: torch.rand(p.shape, generator=generator) < keep for m, p in prunable(model).items()
    }


def matrices(toy: bool = False) -> dict[Matrix, tuple[int, int]]:
    """mBERT's 72 prunable matrices and the pooler: 85,524,480 weights; or a toy's."""
    layers, width = (2, 8) if toy else (12, 768)
    square, up, down = (width, width), (4 * width, width), (width, 4 * width)
    parts = {
        "attention.self.query": square, "attention.self.key": square,
        "attention.self.value": square, "attention.output.dense": square,
        "intermediate.dense": up, "output.dense": down,
    }  # fmt: skip
    out = {
        Matrix(f"encoder.layer.{at}.{part}.weight", "encoder.layer", at, part, shape[0] * shape[1]):
        shape for at in range(layers) for part, shape in parts.items()
    }  # fmt: skip
    out[Matrix("pooler.dense.weight", "pooler", None, "pooler", width * width)] = square
    return out


def ticket(number: int = 0, toy: bool = False) -> Ticket:
    """A search of nine levels that fell at random; `number` tells tickets apart."""
    rng = np.random.default_rng(number)
    shapes = matrices(toy)
    codes = {}
    for matrix, shape in shapes.items():
        code = rng.integers(0, 10, shape, np.uint8)
        codes[matrix.name] = code
    record = Record("ticket", "ner", f"language {number}", 0, "paper", LEVELS, "random", "")
    return Ticket(record, list(shapes), codes)


def size_of(toy: bool) -> str:
    """How a table names the size: the number of weights."""
    return f"{sum(m.weights for m in matrices(toy)) / 1e6:.3g} M weights"
