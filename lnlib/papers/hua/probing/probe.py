"""Probes: what a small network can read of the board from a state."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from lnlib.base.errors import UserError, choose
from lnlib.base.seeds import derive
from lnlib.papers.hua.probing.states import Boards
from lnlib.papers.hua.recipes import ProbeRecipe

CLASSES = 3  # white, empty, black; or theirs, empty, mine
KINDS = ("mlp", "linear")


class Probe(nn.Module):
    """From states (P, H) to scores of every square's class, (P, S, 3).

    States are moved and scaled as a whole, by what those it is trained on have: an untrained
    network's are a tenth as large, and no probe would learn them as fast.
    """

    middle: torch.Tensor
    spread: torch.Tensor

    def __init__(self, states: torch.Tensor, squares: int, recipe: ProbeRecipe):
        super().__init__()
        self.register_buffer("middle", states.mean(0))
        self.register_buffer("spread", (states - states.mean(0)).square().mean().sqrt())
        width, out = states.shape[1], squares * CLASSES
        if choose(recipe.kind, KINDS, "probe") == "linear":
            self.layers: nn.Module = nn.Linear(width, out)
        else:
            self.layers = nn.Sequential(
                nn.Linear(width, recipe.width), nn.ReLU(), nn.Linear(recipe.width, out)
            )

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Scores, (P, S, 3)."""
        scaled = (states - self.middle) / self.spread.clamp(min=1e-12)
        return self.layers(scaled).unflatten(-1, (-1, CLASSES))

    @torch.no_grad()
    def read(self, states: torch.Tensor) -> torch.Tensor:
        """The most probable class of every square, (P, S)."""
        return self(states).argmax(-1)


def fit(states: torch.Tensor, classes: torch.Tensor, recipe: ProbeRecipe | None = None,
        seed: int = 0) -> Probe:  # fmt: skip
    """A probe of states (P, H) for classes (P, S); the same from the same seed."""
    recipe = recipe or ProbeRecipe()
    if len(states) != len(classes) or len(states) == 0:
        raise UserError(f"{len(states)} states and {len(classes)} boards: expected as many, some")
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(derive(seed, "probe"))
        probe = Probe(states, classes.shape[1], recipe).to(states.device)
        classes = classes.to(states.device)
        optimizer = torch.optim.Adam(probe.parameters(), lr=recipe.learning_rate)
        each = -(-len(states) // recipe.batch_size)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs * each)
        for _ in range(recipe.epochs):
            for rows in torch.randperm(len(states)).split(recipe.batch_size):
                scores = probe(states[rows]).flatten(0, 1)
                loss = nn.functional.cross_entropy(scores, classes[rows].flatten())
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()
    return probe.eval()


def accuracy(read: torch.Tensor, classes: torch.Tensor) -> float:
    """Share of squares that were read right, (P, S) each, 0 to 1."""
    return float((read.cpu() == classes.cpu()).float().mean())


def majority(train: Boards, test: Boards) -> torch.Tensor:
    """Every square's most frequent class after as many moves, (P, S): what the number of the move
    alone tells. After a number that never came up in training, the class of the nearest below."""
    moves = int(max(train.move.max(), test.move.max())) + 1
    counts = np.zeros((moves, train.classes.shape[1], CLASSES))
    np.add.at(counts, train.move, nn.functional.one_hot(train.classes, CLASSES).numpy())
    usual = counts.argmax(-1)
    for move in range(1, moves):
        if not counts[move].any():
            usual[move] = usual[move - 1]
    return torch.from_numpy(usual)[test.move]


def under(read: torch.Tensor, symmetry: np.ndarray) -> torch.Tensor:
    """What was read (P, S), with the board turned by a symmetry of the world."""
    out = torch.empty_like(read)
    out[:, symmetry] = read
    return out
