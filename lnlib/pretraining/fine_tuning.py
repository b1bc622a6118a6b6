"""Does the pre-training earn its keep? WikiAnn fine-tuned from it and from random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from lnlib.base.files import replacing
from lnlib.encoders import Encoder, load_encoder
from lnlib.pretraining.loop import new_model
from lnlib.pretraining.recipe import Pretraining
from lnlib.tasks.ner import NER
from lnlib.training.recipe import Recipe, Scale
from lnlib.training.workbench import Workbench

# One pass over the paper's 20,000 sentences, a third of its NER runs. Rate and warm-up are those
# of the scale `small`.
FINE_TUNING = Recipe(20_000, 2_000, 625, 32, 1e-3, 64, warmup=0.1)
LANGS = ("en", "fr", "de", "zh", "ru", "es", "fa", "ur", "ar")  # of the paper's NER


def worth(encoder: Encoder, recipe: Pretraining, data_dir: Path, table: Path,
          langs: Sequence[str] = LANGS, fine_tuning: Recipe = FINE_TUNING,
          seed: int = 0) -> pd.DataFrame:  # fmt: skip
    """F1 (points) on WikiAnn's validation side, one row a language: `pretrained` and `random`.

    Parameters:

    - `encoder`: the pre-trained one.
    - `recipe`: of its pre-training; `random` is that network as it is drawn.
    - `data_dir`: a folder laid out like the hub, with WikiAnn.
    - `table`: rows are added as they come; one that is there for this encoder and seed is not
      measured again.
    - `langs`, `fine_tuning`, `seed`: what is fine-tuned, how, and from which head.
    """
    kept = pd.read_csv(table, dtype={"encoder": str}) if table.exists() else pd.DataFrame()
    rows = kept.to_dict("records")
    done = {(row["encoder"], row["lang"], row["seed"]) for row in rows}
    scale = Scale("fine-tuning", encoder.name, "hub", {"ner": fine_tuning})
    with TemporaryDirectory() as made:
        new_model(recipe).save_pretrained(made)
        encoder.tokenizer.save_pretrained(made)
        drawn = load_encoder(made)
        for lang in langs:
            if (encoder.fingerprint, lang, seed) in done:
                continue
            row: dict[str, object] = {"encoder": encoder.fingerprint, "lang": lang, "seed": seed}
            data = None
            for name, start in (("pretrained", encoder), ("random", drawn)):
                folder = data_dir if data is None else None
                bench = Workbench(start, NER, lang, scale, data_dir=folder, data=data)
                data = bench.data
                row[name] = round(bench.train(seed).score.value, 2)
            rows.append(row)
            with replacing(table) as partial:
                pd.DataFrame(rows).to_csv(partial, index=False)
    frame = pd.DataFrame(rows)
    mine = (frame.encoder == encoder.fingerprint) & (frame.seed == seed)
    return frame[mine].reset_index(drop=True)
