# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Make mini-mBERT again
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/pretrain.ipynb)
#
# The encoder of the scales `demo` and `small`: 6 layers, width 128, pre-trained on running text in
# the eleven languages and on the gazetteer's training side. 60 million tokens take some two hours
# on two CPU cores. The text is not part of the project: `text_dir` is a folder laid out like the
# hub, `LANG/train-*.parquet` and `LANG/validation-*.parquet` with a column `text`.
#
# From a shell: `papermill notebooks/pretrain.ipynb out.ipynb -p text_dir FOLDER`. A run that was
# stopped goes on from its last checkpoint. With `-p data_dir FOLDER` (a folder that holds WikiAnn,
# laid out like the hub) the encoder is then fine-tuned beside the same network from random weights,
# in nine languages, and the model card says what the pre-training is worth.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
text_dir = None  # required: running text in the eleven languages
out_dir = "runs/pretrain"  # checkpoint, log, and at the end the encoder in mini-mbert/
tokens = 60_000_000  # tokens to see, padding not counted
data_dir = None  # WikiAnn, to measure what the pre-training is worth

# %% tags=["hide-input"]
from lnlib.papers.foroutan.parameters import check

p = check(dict(text_dir=text_dir, out_dir=out_dir, tokens=tokens, data_dir=data_dir), In)
p

# %%
from dataclasses import replace

from lnlib import pretraining

recipe = replace(pretraining.Pretraining(), tokens=p["tokens"])
folder = p["out_dir"]
tokenizer, train, validation = pretraining.prepare(p["text_dir"], folder, recipe)
records = pretraining.encode_records(tokenizer, sorted(train))
recipe

# %%
model = pretraining.pretrain(train, validation, records, recipe, folder)

# %%
import json

import pandas as pd

log = pd.DataFrame(map(json.loads, (folder / "log.jsonl").read_text().splitlines()))
held_out = pd.json_normalize(log.held_out_mlm).set_index(log.tokens / 1e6)
held_out.plot(
    xlabel="million tokens", ylabel="held-out masked cross-entropy (nats)", figsize=(8, 5)
)

# %%
sizes = {lang: len(stream.ids) for lang, stream in train.items()}
pretraining.export(model, tokenizer, folder / "log.jsonl", folder / "mini-mbert", recipe, sizes)
held_out.tail(1).T

# %%
from lnlib import load_encoder

if p["data_dir"] is not None:
    worth = pretraining.worth(
        load_encoder(str(folder / "mini-mbert")), recipe, p["data_dir"], folder / "worth.csv"
    )
    pretraining.write_card(folder / "mini-mbert", recipe, worth)
    display(worth)
