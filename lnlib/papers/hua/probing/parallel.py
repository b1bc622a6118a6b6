"""States of the same games in two languages, beside each other: closeness, and one rotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cosine_similarity, normalize

from lnlib.base.seeds import derive
from lnlib.papers.hua.world.games import OVER, Games

RETRIEVED = 500  # states that each is looked for among


@dataclass(frozen=True)
class Rotation:
    """The orthogonal map (H, H), between centred states, that takes those of one language closest
    to the other's (Procrustes)."""

    map: torch.Tensor
    source: torch.Tensor  # mean state (H,) of the language that is mapped
    target: torch.Tensor

    @classmethod
    def of(cls, source: torch.Tensor, target: torch.Tensor) -> Rotation:
        """Fitted on parallel states, (P, H) each."""
        middle, aim = source.mean(0), target.mean(0)
        left, _, right = torch.linalg.svd((source - middle).T.double() @ (target - aim).double())
        return cls((left @ right).float(), middle, aim)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """States (P, H) of the source, where the target's would be."""
        return (states - self.source) @ self.map + self.target


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    """Mean cosine of parallel states, (P, H) each, as they are: -1 to 1."""
    return float(cosine_similarity(a, b).mean())


def retrieval(a: torch.Tensor, b: torch.Tensor, games: Games, seed: int = 0,
              count: int = RETRIEVED) -> float:  # fmt: skip
    """Share of states of one language whose nearest of the other's, by cosine, is their own.

    `count` states are drawn of those that follow different moves (the same moves give the same
    state, which could not be told apart); fewer where there are fewer. Chance is 1 / `count`.
    """
    game, move = np.nonzero(games.moves[:, :-1] != OVER)
    begun = np.where(np.arange(games.moves.shape[1]) <= move[:, None], games.moves[game], OVER)
    _, different = np.unique(begun, axis=0, return_index=True)
    rng = np.random.default_rng(derive(seed, "retrieval"))
    picked = rng.permutation(np.sort(different))[:count]
    near = normalize(a[picked], dim=1) @ normalize(b[picked], dim=1).T
    return float((near.argmax(1).cpu() == torch.arange(len(picked))).float().mean())
