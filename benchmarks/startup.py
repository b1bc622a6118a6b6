"""What is not training: importing, making and tokenising the gazetteer, the rest of a live run.

The live run is `papermill notebooks/prune.ipynb -p lang ur` in a fresh folder, from start to end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.table import Options, Row, interleaved, main
from lnlib import load
from lnlib.encoders import load_encoder
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.scales import LEVELS, SCALES
from lnlib.results.scores import SCORES
from lnlib.tasks.ner import NER
from lnlib.tasks.task import encode

ROOT = Path(__file__).resolve().parents[1]
IMPORT = "import lnlib"
LIVE = "live run of prune.ipynb"


def rows(options: Options) -> list[Row]:
    levels = LEVELS[:1] if options.toy else LEVELS
    return [*_imports(1 if options.toy else 5), *_live(levels)]


def _imports(rounds: int) -> list[Row]:
    def python(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

    ways = {"ours": lambda: python("import lnlib"), "python alone": lambda: python("pass")}
    seconds = interleaved(ways, rounds)
    took = float(np.median(seconds["ours"] - seconds["python alone"]))
    note = "beyond an interpreter that imports nothing"
    return [Row(IMPORT, "a fresh process", "ours", "time", took, target="value < 1", note=note)]


def _live(levels: tuple[int, ...]) -> list[Row]:
    size = f"demo, NER, ur, {len(levels)} levels"
    began = perf_counter()
    corpus = load("ner", "ur", "demo")
    gazetteer = perf_counter() - began
    tokenizer = load_encoder().tokenizer
    began = perf_counter()
    recipe = SCALES["demo"].recipes["ner"]
    sizes = recipe.train_examples, recipe.validation_examples
    encode(NER, corpus, tokenizer, recipe.max_tokens, sizes)
    tokens = perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "papermill", str(ROOT / "notebooks" / "prune.ipynb"),
            str(Path(folder) / "out.ipynb"), "-p", "lang", "ur", "-p", "runs_dir", folder,
            "-y", f"sparsities: {list(levels)}", "--no-progress-bar",
        ]  # fmt: skip
        began = perf_counter()
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
                       stderr=subprocess.DEVNULL)  # fmt: skip
        whole = perf_counter() - began
        scores = SCORES.read(places(folder, "demo").home)
    inside = float(scores["seconds"].sum())
    outside = "1 - the table's seconds (training, scoring, and the prune and save between them)"
    return [
        Row(LIVE, size, "ours", "time", whole),
        Row(LIVE, size, "ours", "gazetteer and tokenisation", (gazetteer + tokens) / whole,
            "share of the run", target="value < 0.05",
            note=f"{gazetteer:.2f} s to make, {tokens:.2f} s to tokenise"),
        Row(LIVE, size, "ours", "outside training and scoring", 1 - inside / whole,
            "share of the run", target="value < 0.15", note=outside),
    ]  # fmt: skip


if __name__ == "__main__":
    main("startup", rows)
