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
# # Compare languages layer by layer
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/similarity.ipynb)
#
# The same sentences in two languages: how alike are their states, layer by layer, before and after
# the encoder has been trained on one of them? Beside each value stands what sentences that are not
# translations of each other give. As it stands: one training and the states of eleven languages, 2 to
# 4 minutes on one CPU core, nothing to download.
#
# From a shell: `papermill notebooks/similarity.ipynb out.ipynb -p source ru -p targets "ur,de"`.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
source = "en"  # the language that is trained on, and compared with each other
targets = None  # the other languages, such as "ur,de,fr"; None: all there are
task = "ner"  # what is trained: ner, xnli; at the others ner, pos, parsing
scale = "demo"  # demo (offline), small (real data), medium (a larger encoder)
seed = 0  # head, order of the examples and dropout depend on it
data_dir = None  # a folder laid out like the hub, in place of the hub
encoder_dir = None  # a folder with the encoder, in place of the hub
runs_dir = "runs"  # the table of measurements goes here

# %% tags=["hide-input"]
from lnlib.papers.muller.parameters import check

asked = dict(
    source=source, targets=targets, task=task, scale=scale, seed=seed, data_dir=data_dir,
    encoder_dir=encoder_dir, runs_dir=runs_dir,
)  # fmt: skip
p = check(asked, In)  # refuses what is misspelt before anything runs
p

# %% [markdown]
# ## Before training
#
# Centred kernel alignment (CKA) of the source with each language; 1: the same up to a rotation and a
# scale, 0: nothing in common. Layer 0 is the embeddings.

# %%
from lnlib import load_encoder
from lnlib.papers import muller
from lnlib.papers.muller import figures
from lnlib.papers.muller.analysis.measures import PRETRAINED, TUNED, by_layer
from lnlib.papers.muller.grid import home
from lnlib.papers.muller.scales import SCALES

scale_used = SCALES[p["scale"]]
folder = home(p["runs_dir"], scale_used)
rows = muller.compare(
    load_encoder(scale_used.encoder, p["encoder_dir"]), p["targets"], scale_used, folder,
    task=muller.get_task(p["task"]), source=p["source"], seed=p["seed"], data_dir=p["data_dir"],
)  # fmt: skip
by_layer(rows, source=p["source"]).round(2)

# %% [markdown]
# Sentences of like length have something in common already:

# %%
by_layer(rows, source=p["source"], column="floor_length").round(2)

# %% [markdown]
# ## After training

# %%
by_layer(rows, p["task"], p["source"], (TUNED, TUNED)).round(2)

# %% [markdown]
# Each language with itself, before and after:

# %%
by_layer(rows, p["task"], p["source"], (PRETRAINED, TUNED)).round(2)

# %%
figures.similarity(rows, p["task"], p["source"])

# %% [markdown]
# ## What was written

# %%
from lnlib.papers.muller.tables import SIMILARITY

print(f"table: {SIMILARITY.path(folder)}")
