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
# # Make mini-mBERT or mini-mT5 again
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
#
# `-p network mini-mt5` makes an encoder-decoder for the task `xnli_text`, out of the gazetteer and
# mini-mBERT's word embeddings: it needs no `text_dir`. It does not ship: after minutes of training it
# still guesses, and all of its recipe, three hours on one core, has not been run.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
network = "mini-mbert"  # or mini-mt5
text_dir = None  # required for mini-mbert: running text in the eleven languages
out_dir = "runs/pretrain"  # checkpoint and log, and at the end the encoder, in a folder of its name
tokens = None  # tokens to see, padding not counted; its recipe's, if not given
data_dir = None  # WikiAnn, to measure what the pre-training of mini-mbert is worth

# %% tags=["hide-input"]
from lnlib.papers.foroutan.parameters import check

asked = dict(network=network, text_dir=text_dir, out_dir=out_dir, tokens=tokens, data_dir=data_dir)
p = check(asked, In)
p

# %%
from dataclasses import replace

from lnlib import pretraining

folder, spans = p["out_dir"], p["network"] == "mini-mt5"
recipe = pretraining.SpanPretraining() if spans else pretraining.Pretraining()
if p["tokens"] is not None:
    recipe = replace(recipe, tokens=p["tokens"])
if spans:
    tokenizer, train, validation, records = pretraining.prepare_spans(recipe)
else:
    tokenizer, train, validation = pretraining.prepare(p["text_dir"], folder, recipe)
    records = pretraining.encode_records(tokenizer, sorted(train))
recipe

# %%
model = pretraining.pretrain(train, validation, records, recipe, folder)

# %%
import json

import pandas as pd

log = pd.DataFrame(map(json.loads, (folder / "log.jsonl").read_text().splitlines()))
losses = log[next(name for name in log if name.startswith("held_out"))]
held_out = pd.json_normalize(losses).set_index(log.tokens / 1e6)
held_out.plot(xlabel="million tokens", ylabel="held-out cross-entropy (nats)", figsize=(8, 5))

# %%
sizes = {lang: len(stream.ids) for lang, stream in train.items()}
made = folder / p["network"]
pretraining.export(model, tokenizer, folder / "log.jsonl", made, recipe, sizes)
held_out.tail(1).T

# %%
from lnlib import load_encoder

if p["data_dir"] is not None and not spans:
    encoder = load_encoder(str(made))
    worth = pretraining.worth(encoder, recipe, p["data_dir"], folder / "worth.csv")
    pretraining.write_card(made, recipe, worth)
    display(worth)
