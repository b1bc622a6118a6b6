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
# # Compare tickets
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/overlap.ipynb)
#
# How much of one language's mask is in another's, and how much would be there anyway: two random
# masks of half the weights already share a third, and a mask of the untouched encoder's largest
# weights shares far more. Tickets that `prune.ipynb` has left in `runs_dir` are used; missing ones
# are found first.
#
# From a shell: `papermill notebooks/overlap.ipynb out.ipynb -p langs "ur,en,zh"`.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
langs = "ur,en,zh"  # whose masks are compared
task = "ner"  # mlm, ner, xnli
scale = "demo"  # demo (offline), small (real data, mini-mBERT), medium (e5), paper (mBERT)
seed = 0
sparsity = 50  # %; the level the paper compares at
encoder_dir = None  # a folder that holds the encoder, in place of the hub
data_dir = None  # a folder laid out like the hub, in place of the hub
runs_dir = "runs"  # tickets are looked for and left here

# %% tags=["hide-input"]
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # then the bars are plain text

from lnlib.papers.foroutan.parameters import check

asked = dict(
    langs=langs, task=task, scale=scale, seed=seed, sparsity=sparsity, encoder_dir=encoder_dir,
    data_dir=data_dir, runs_dir=runs_dir,
)  # fmt: skip
p = check(asked, In)  # refuses what is misspelt before anything runs
p

# %%
from tqdm.auto import tqdm

from lnlib import SCALES, find_ticket, load_encoder, overlap_table
from lnlib.papers.foroutan.doors import ticket_at

encoder = load_encoder(SCALES[p["scale"]].encoder_of(p["task"]), p["encoder_dir"])
tickets = [
    ticket_at(
        encoder, p["task"], source, p["scale"], p["sparsity"], p["seed"], p["runs_dir"],
        p["data_dir"],
    )
    for source in tqdm(p["langs"], desc="tickets")
]  # fmt: skip
controls = [
    find_ticket(encoder, p["task"], p["langs"][0], p["scale"], seed=p["seed"], method=method)
    for method in ("random", "magnitude")
]
tickets

# %% [markdown]
# ## Every pair, and its nulls
#
# `jaccard` is the share of weights both masks keep among those either keeps; `expected` is what two
# independent masks with the same density in every matrix would share.

# %%
overlap = overlap_table([*tickets, *controls], p["sparsity"], ["all", "layer", "component"])
whole = overlap[overlap.by == "all"]
whole[["method_a", "lang_a", "method_b", "lang_b", "jaccard", "expected", "simple_matching"]]

# %%
from lnlib.papers.foroutan import figures

figures.overlap_matrix(overlap, p["task"], sparsity=p["sparsity"])

# %%
figures.overlap_comparisons(overlap, p["task"], sparsity=p["sparsity"])

# %%
figures.layer_profile(overlap, sparsity=p["sparsity"])
