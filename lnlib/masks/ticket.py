"""The ticket: every mask of one search, one number a weight.

Masks of one search are nested, so one number a weight tells them all: the round in which it was
pruned (1, 2, ...), or 0 if it never was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lnlib.base import seeds
from lnlib.base.errors import UserError, brief, nearest, whole
from lnlib.base.files import as_path
from lnlib.base.hashes import short
from lnlib.masks import packing, reference, ticket_file
from lnlib.masks.applying import Mask
from lnlib.masks.matrices import MATRIX_NAME, Matrix, part_of
from lnlib.masks.ticket_file import Record

_MOST_LEVELS = 15  # four bits, one code for "never"


class Ticket:
    """All levels of one search.

    `codes` maps a matrix name to a uint8 array of its shape: 0 never pruned, k pruned in round k.
    """

    def __init__(self, record: Record, matrices: list[Matrix], codes: Mapping[str, np.ndarray]):
        for matrix in matrices:
            if codes[matrix.name].size != matrix.weights:
                raise UserError(f"{matrix.name!r}: codes and matrix differ in size")
        self.record = record
        self.matrices = list(matrices)
        self._codes = {m.name: np.asarray(codes[m.name], np.uint8) for m in matrices}
        # Rounds of pruning that have run: read once, as every mask of every matrix asks for it.
        self.rounds = max((int(part.max(initial=0)) for part in self._codes.values()), default=0)
        _check(record, matrices, self.rounds)

    @classmethod
    def empty(cls, record: Record, shapes: Mapping[Matrix, tuple[int, ...]]) -> Ticket:
        """A ticket of which no round has run."""
        codes = {matrix.name: np.zeros(shape, np.uint8) for matrix, shape in shapes.items()}
        return cls(record, list(shapes), codes)

    # -- reading ------------------------------------------------------------------------------

    @property
    def levels(self) -> tuple[int, ...]:
        """Sparsities (%) at which there is a mask."""
        return self.record.levels[: self.rounds]

    @property
    def sparsity(self) -> int:
        """The sparsest level reached, in %."""
        return self.levels[-1] if self.levels else 0

    @property
    def weights(self) -> int:
        """W: prunable weights in all."""
        return sum(matrix.weights for matrix in self.matrices)

    def codes(self, name: str) -> np.ndarray:
        """Codes of one matrix (a read-only view of its shape)."""
        view = self._part(name).view()
        view.flags.writeable = False
        return view

    def kept(self, name: str, level: int) -> np.ndarray:
        """Bool array of one matrix: which weights stay at `level` % sparsity."""
        # Never pruned is 0, which wraps to 255: one comparison in place of two.
        return self._part(name) - np.uint8(1) >= self._round(level)

    def mask(self, level: int) -> Mask:
        """The mask at `level` % sparsity; UserError names the levels there are."""
        self._round(level)
        return {m.name: torch.from_numpy(self.kept(m.name, level)) for m in self.matrices}

    def density(self, level: int, by: str = "layer") -> pd.Series:
        """Share of weights kept (0 to 1) by "layer", "component" or "matrix"."""
        return self.packed(level).density(by)

    def packed(self, level: int) -> PackedMask:
        """The mask at `level` % sparsity in an eighth of a byte a weight."""
        parts = {m.name: packing.bits(self.kept(m.name, level)) for m in self.matrices}
        return PackedMask(self.record, self.matrices, self.check_level(level), parts)

    def digest(self, level: int) -> str:
        """Twelve hex digits over the mask at `level` %: which one it is, however it was found."""
        return self.packed(level).digest

    def check_level(self, level: object) -> int:
        """The sparsity (%) as an int, 0 for the full model; UserError names those there are."""
        return (0, *self.record.levels)[self._round(level)]

    def _round(self, level: object) -> int:
        return _round(self.record, self.rounds, level)

    def _part(self, name: str) -> np.ndarray:
        if name not in self._codes:
            near = get_close_matches(str(name), self._codes, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UserError(f"unknown matrix {name!r}: this ticket has {len(self._codes)}{hint}")
        return self._codes[name]

    def __repr__(self) -> str:
        r = self.record
        return (
            f"Ticket({r.method} {r.task} {r.lang}, seed {r.seed}, {r.encoder}, "
            f"{self.weights:,} weights, levels {', '.join(map(str, self.levels)) or 'none'} %)"
        )

    # -- growing ------------------------------------------------------------------------------

    def alive(self, name: str) -> np.ndarray:
        """Bool array: weights of a matrix not pruned so far."""
        return self._part(name) == 0

    def pruned(self, indices: Mapping[str, np.ndarray]) -> Ticket:
        """A new ticket with one more round, which pruned these weights of each matrix.

        `indices` are flat: whole numbers, or a bool for every weight.
        """
        if self.rounds == len(self.record.levels):
            raise UserError(f"all {self.rounds} rounds of this search have run")
        codes = {}
        for name in indices:
            self._part(name)  # a name that it lacks would be a round that prunes less
        for name, old in self._codes.items():
            new = old.copy()
            at = indices.get(name, np.zeros(0, np.int64))
            if new.ravel()[at].any():
                raise ValueError(f"{name}: a pruned weight cannot be pruned again")
            new.ravel()[at] = self.rounds + 1
            codes[name] = new
        return Ticket(self.record, self.matrices, codes)

    def scored(self, level: int, value: float) -> Ticket:
        """The same ticket with a score noted."""
        scores = {**self.record.scores, self.check_level(level): value}
        return Ticket(replace(self.record, scores=scores), self.matrices, self._codes)

    def cut(self, rounds: int) -> Ticket:
        """The ticket as it stood after so many rounds: a search goes on from it."""
        rounds = seeds.check(rounds, "rounds")
        codes = {name: np.where(codes > rounds, 0, codes) for name, codes in self._codes.items()}
        scores = dict(sorted(self.record.scores.items())[:rounds])
        return Ticket(replace(self.record, scores=scores), self.matrices, codes)

    # -- files --------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the ticket atomically (a file that stood there stays whole until then).

        Equal tickets are equal files, byte for byte.
        """
        ticket_file.write(path := as_path(path), self.record, self.matrices, self._codes)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Ticket:
        """Read a ticket; UserError names the file if it is missing, cut, altered or no ticket."""
        path = as_path(path)
        record, shapes, packed = ticket_file.read(path)
        with ticket_file.whole_file(path):
            codes = {m.name: packing.codes(packed[m.name], shape) for m, shape in shapes.items()}
            return cls(record, list(shapes), codes)

    # -- the reference code's masks ------------------------------------------------------------

    @classmethod
    def from_reference_masks(
        cls, paths: str | Path | Iterable[str | Path], *, task: str, lang: str, seed: int = 0,
        encoder: str = "bert-base-multilingual-cased", encoder_fingerprint: str = "",
    ) -> Ticket:  # fmt: skip
        """Read mask dictionaries of the paper's official code (`.pt`, one a sparsity).

        Parameters:

        - `paths`: the files; `masks.reference` says what is read of them.
        - `task`, `lang`, `seed`: what the masks were found on.
        - `encoder`, `encoder_fingerprint`: in what, by name and weights.

        Raises UserError if a file is no such dictionary, prunes anything but an encoder's layers
        and pooler, or the masks do not nest.
        """
        reference.check_origin(task, lang)
        seed = seeds.check(seed)
        for value in (encoder, encoder_fingerprint):
            if not isinstance(value, str):
                raise UserError(
                    f"{brief(value)} is no text: expected encoder=encoder.name and "
                    "encoder_fingerprint=encoder.fingerprint"
                )
        levels, codes = reference.read(paths)
        record = Record(
            "ticket", task, lang, seed, "reference", levels, encoder, encoder_fingerprint
        )
        matrices = [reference.matrix_of(name, part.size) for name, part in codes.items()]
        return cls(record, matrices, codes)

    def to_reference_mask(self, level: int, path: str | Path) -> Path:
        """Write the mask at `level` % as the official code reads it (float32, `*.weight_mask`)."""
        prefix = "" if any(m.stack.startswith("decoder") for m in self.matrices) else "bert."
        return reference.write(self.mask(level), prefix, as_path(path))


@dataclass(frozen=True)
class PackedMask:
    """One level of a search as bits, W/8 bytes: enough to compare hundreds of masks in memory."""

    record: Record
    matrices: list[Matrix]
    level: int  # %
    bits: Mapping[str, np.ndarray] = field(repr=False)  # name -> (ceil(W / 64),) words, see packing

    @classmethod
    def load(cls, path: str | Path, level: int) -> PackedMask:
        """Read one level of a ticket's file and build no other; raises as `Ticket.load` does."""
        path = as_path(path)
        record, shapes, packed = ticket_file.read(path)
        rounds = _rounds(record, packed.values())
        with ticket_file.whole_file(path):
            _check(record, list(shapes), rounds)
        number = _round(record, rounds, level)
        bits = {m.name: packing.bits_after(packed[m.name], m.weights, number) for m in shapes}
        return cls(record, list(shapes), (0, *record.levels)[number], bits)

    def packed(self, level: int) -> PackedMask:
        """Itself; UserError where another level is asked for."""
        if whole(level) != self.level:
            raise UserError(f"this mask was read at {self.level} %, not at {brief(level)} %")
        return self

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits over its bits: which mask it is, however it was found. "" at 0 %."""
        parts = [part for m in self.matrices for part in (m.name, self.bits[m.name].data)]
        return short(*parts) if self.level else ""

    def density(self, by: str = "layer") -> pd.Series:
        """Share of weights kept (0 to 1) by "layer", "component" or "matrix"."""
        frame = pd.DataFrame(
            {"part": part_of(m, by), "kept": int(np.bitwise_count(self.bits[m.name]).sum()),
             "weights": m.weights} for m in self.matrices
        )  # fmt: skip
        sums = frame.groupby("part", sort=False).sum()
        return (sums.kept / sums.weights).rename("density")


def _check(record: Record, matrices: Iterable[Matrix], rounds: int) -> None:
    """UserError unless these can be a search's."""
    if len(record.levels) > _MOST_LEVELS or list(record.levels) != sorted(set(record.levels)):
        raise UserError(f"levels {record.levels} must rise, {_MOST_LEVELS} at most")
    for matrix in matrices:
        if not MATRIX_NAME.fullmatch(matrix.name):
            raise UserError(f"{matrix.name!r} is no name of a matrix")
    if rounds > len(record.levels):
        raise UserError(f"round {rounds} has pruned, of {len(record.levels)} levels")


def _round(record: Record, rounds: int, level: object) -> int:
    """The round that reached `level` %; UserError where none of the `rounds` so far did."""
    number = whole(level)
    if number == 0:
        return 0
    levels = record.levels[:rounds]
    if number not in levels:
        have = ", ".join(map(str, levels)) or "none yet"
        near = nearest(level, levels)
        raise UserError(f"no mask at {brief(level)} % sparsity: this ticket has {have}{near}")
    return levels.index(number) + 1


def _rounds(record: Record, packed: Iterable[np.ndarray]) -> int:
    """Rounds of pruning that have run, by the largest code; a whole search shows in one matrix."""
    found = 0
    for part in packed:
        found = max(found, packing.largest(part))
        if found == len(record.levels):
            break
    return found
