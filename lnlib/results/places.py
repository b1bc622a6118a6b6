"""Where the runs of one paper's scale keep what they find: the one home of these paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lnlib.base import seeds
from lnlib.base.files import as_path


@dataclass(frozen=True)
class Places:
    """RUNS/PAPER/SCALE: a folder for each search, and the tables of what was measured."""

    home: Path

    @classmethod
    def of(cls, runs_dir: str | Path, paper: str, scale: str) -> Places:
        """The places of a scale under a user's folder for runs."""
        return cls(as_path(runs_dir, "runs_dir") / paper / scale)

    def search(self, task: str, lang: str, seed: int) -> Path:
        """The folder of one task, language and seed: TASK/LANG/seedN."""
        return self.home / task / lang / f"seed{seeds.check(seed)}"

    def ticket(self, task: str, lang: str, seed: int, method: str = "ticket") -> Path:
        """Where a search keeps its ticket."""
        return self.search(task, lang, seed) / f"{method}.safetensors"

    def tickets(self, seed: str = "*") -> list[Path]:
        """Every ticket there is, in the order of their paths."""
        return sorted(self.home.glob(f"*/*/seed{seed}/*.safetensors"))
