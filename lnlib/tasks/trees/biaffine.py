"""A dependency parser's head on any encoder, and the tree that its scores have for a best one.

Shapes: B sentences, W words, H hidden units, R relations. Column 0 of arc scores is the root; word
w (from 0) is head w + 1. Source: Dozat and Manning 2017, whose sizes are the defaults.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from ufal.chu_liu_edmonds import chu_liu_edmonds

from lnlib.base.errors import UserError
from lnlib.corpora.treebanks import RELATIONS

ARC, LABEL = 500, 100  # width of the spaces in which heads and relations are scored
DROPOUT = 0.33
_NEVER = -1e9  # finite, so that what is not can only come from a model that has diverged


class Biaffine(nn.Module):
    """Scores of every word as every other's head, and of every relation between two."""

    def __init__(self, width: int, arc: int = ARC, label: int = LABEL,
                 relations: int = len(RELATIONS), dropout: float = DROPOUT) -> None:  # fmt: skip
        """For words of `width` H."""
        super().__init__()

        def space(size: int) -> nn.Sequential:
            return nn.Sequential(nn.Linear(width, size), nn.LeakyReLU(0.1), nn.Dropout(dropout))

        self.root = nn.Parameter(torch.zeros(width))  # the state of what is above the root
        self.arc_word, self.arc_head = space(arc), space(arc)
        self.label_word, self.label_head = space(label), space(label)
        # The last row is for heads that are likely whatever the word; all start at 0, as there.
        self.arc = nn.Parameter(torch.zeros(arc + 1, arc))
        self.label = nn.Parameter(torch.zeros(relations, label + 1, label + 1))

    def arcs(self, words: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """(B, W, W + 1) log-probabilities of heads, from words (B, W, H) and which are, (B, W).

        A word is never its own head, and padding nobody's.
        """
        dependents, heads = _with_one(self.arc_word(words)), self.arc_head(self._heads(words))
        scores = dependents @ self.arc @ heads.mT
        size = words.shape[1]
        own = torch.eye(size, size + 1, dtype=torch.bool, device=words.device).roll(1, dims=1)
        absent = ~nn.functional.pad(there, (1, 0), value=True)
        return scores.float().masked_fill(own | absent[:, None], _NEVER).log_softmax(-1)

    def relations(self, words: torch.Tensor, heads: torch.Tensor | None = None) -> torch.Tensor:
        """Log-probabilities of relations: (B, W, R) to the given heads (B, W), 0 to W; without
        these (B, W, W + 1, R), to all."""
        there = self._heads(words)
        if heads is not None:
            there = there.gather(1, heads[..., None].expand(-1, -1, words.shape[-1]))
        word, head = _with_one(self.label_word(words)), _with_one(self.label_head(there))
        pairs = "bwi,rij,bhj->bwhr" if heads is None else "bwi,rij,bwj->bwr"
        return torch.einsum(pairs, word, self.label, head).float().log_softmax(-1)

    def _heads(self, words: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.root.expand(len(words), 1, -1), words], dim=1)  # (B, W + 1, H)


def _with_one(states: torch.Tensor) -> torch.Tensor:
    return nn.functional.pad(states, (0, 1), value=1.0)


class Parser(nn.Module):
    """An encoder under a biaffine head; `base_model` is the encoder, as in transformers' models."""

    def __init__(self, encoder: nn.Module, **sizes: Any) -> None:
        """`sizes` are those of `Biaffine`. Raises UserError for an encoder of unknown width."""
        super().__init__()
        width = getattr(getattr(encoder, "config", None), "hidden_size", None)
        if width is None:
            raise UserError(f"{type(encoder).__name__} has no config that names its hidden_size")
        self.encoder, self.head = encoder, Biaffine(width, **sizes)

    @property
    def base_model(self) -> nn.Module:
        """The encoder, without the head."""
        return self.encoder

    @property
    def config(self) -> Any:
        """The encoder's."""
        return self.encoder.config

    def words(self, inputs: dict[str, torch.Tensor], firsts: torch.Tensor) -> torch.Tensor:
        """(B, W, H) states of words, each at its first piece; `firsts` (B, W) are positions."""
        states = self.encoder(**inputs).last_hidden_state.float()
        return states.gather(1, firsts[..., None].expand(-1, -1, states.shape[-1]))


def best_tree(arcs: np.ndarray) -> np.ndarray:
    """The heads (W,) of the tree that scores highest, from (W, W + 1) log-probabilities of heads.

    One word has head 0, and every other is below it. Words' scores of themselves are ignored. A
    maximum spanning arborescence (Chu and Liu 1965; Edmonds 1967), by ufal.chu-liu-edmonds: exact,
    and a thousand times as fast as networkx. Raises UserError for scores that are not finite.
    """
    words = len(arcs)
    if not words:
        return np.zeros(0, np.int64)
    scores = np.zeros((words + 1, words + 1))
    scores[1:] = arcs
    np.fill_diagonal(scores, 0)
    if not np.isfinite(scores).all():
        raise UserError("scores of heads are not finite: the parser has diverged")
    # One root: a tree with another root arc loses more by it than all its other arcs can gain.
    scores[1:, 0] -= 1 + words * np.ptp(scores)
    np.fill_diagonal(scores, np.nan)
    heads, _ = chu_liu_edmonds(scores)
    return np.array(heads[1:], dtype=np.int64)
