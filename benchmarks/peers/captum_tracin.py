"""Captum's TracInCP, in an environment of its own: captum takes no numpy of ours.

`Captum` makes the environment and asks; `python -m benchmarks.peers.captum_tracin FOLDER CLOCK` is
what runs inside, beside our own torch and transformers, so that both are measured on the same ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from benchmarks.memory import peak_bytes

PINS = ("captum==0.9.0", "numpy==1.26.4")
WAYS = {"captum": False, "captum, sample-wise": True}  # its default, and its faster way


class NotThereError(Exception):
    """The environment could not be made; says why."""


class Captum:
    """A process with captum that scores one set of examples as often as it is asked."""

    def __init__(self, folder: Path, model: nn.Module, layers: Sequence[str],
                 train: Sequence[torch.Tensor], test: Sequence[torch.Tensor],
                 clock: str) -> None:  # fmt: skip
        """Make the environment and start the process.

        Parameters:

        - `folder`: empty; the environment and what is exchanged.
        - `model`: a BERT with a head for tokens.
        - `layers`: names of its modules whose parameters count.
        - `train`, `test`: ids, attention mask and labels.
        - `clock`: "wall" or "processor".

        Raises NotThereError where the packages cannot be had.
        """
        self.folder = folder
        python = _environment(folder / "environment")
        model.config.save_pretrained(folder)
        given = {"state": model.state_dict(), "layers": list(layers), "train": list(train),
                 "test": list(test)}  # fmt: skip
        torch.save(given, folder / "given.pt")
        root = str(Path(__file__).resolve().parents[2])
        self._process = subprocess.Popen(
            [python, "-m", __name__, folder, clock], cwd=root, text=True,
            env={**os.environ, "PYTHONPATH": root}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, way: str, what: str = "seconds") -> float:
        """Have it score once: the "seconds" that it took, or the "bytes" that it grew by."""
        assert self._process.stdin and self._process.stdout
        print(what, way, file=self._process.stdin, flush=True)
        if not (line := self._process.stdout.readline()):
            raise RuntimeError("captum's process has ended before its work")
        return float(line)

    def scores(self, way: str) -> torch.Tensor:
        """What the last such asking found, (test, train)."""
        found: torch.Tensor = torch.load(self.folder / f"{way}.pt")
        return found

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def _environment(home: Path) -> Path:
    """Its interpreter: PINS, and behind them all that ours has."""
    venv.create(home)
    python = home / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "-q"]
    done = subprocess.run([*install, *PINS], capture_output=True, text=True)
    if done.returncode:
        raise NotThereError(f"the package index does not give {' and '.join(PINS)}")
    (ours,) = home.glob("lib/python*/site-packages")
    (ours / "behind.pth").write_text(str(Path(torch.__file__).parents[1]))
    return python


# ---- inside the environment ----------------------------------------------------------------------


class _Logits(nn.Module):
    """Captum calls a model with tensors, and takes what it returns for scores."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(input_ids=ids, attention_mask=attention).logits
        return logits


def _each(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The mean loss of every example, as ours has it."""
    return nn.functional.cross_entropy(logits.mT, labels, reduction="none").mean(1)


def _all(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return _each(logits, labels).sum()


def _work(folder: Path, clock: str) -> None:
    import transformers
    from captum.influence import TracInCP

    given = torch.load(folder / "given.pt")
    config = transformers.BertConfig.from_pretrained(folder)
    model = transformers.BertForTokenClassification(config).eval()
    for name in given["layers"]:
        model.get_submodule(name).register_parameter("bias", None)
    model.load_state_dict(given["state"])
    now = {"wall": time.perf_counter, "processor": time.process_time}[clock]
    train = torch.utils.data.TensorDataset(*given["train"])

    def score(way: str) -> None:
        tracin = TracInCP(
            _Logits(model), train, ["one"], lambda *_: 1.0, [f"model.{n}" for n in given["layers"]],
            _all if WAYS[way] else _each, 32, sample_wise_grads_per_batch=WAYS[way],
        )  # fmt: skip
        torch.save(tracin.influence(tuple(given["test"])), folder / f"{way}.pt")

    for line in sys.stdin:
        what, way = line.strip().split(" ", 1)
        began = now()
        found = peak_bytes(lambda w=way: score(w)) if what == "bytes" else score(way)
        print(now() - began if found is None else found, flush=True)


if __name__ == "__main__":
    _work(Path(sys.argv[1]), sys.argv[2])
