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
# # Does one language's training help another?
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/othello_transfer.ipynb)
#
# A network is pre-trained in all languages on games with one opening, so that there is something left
# to learn, and then fine-tuned on games of every kind in one language alone. What becomes of the
# others? As it stands: two languages with no token in common on a 4x6 board, trained naively and with
# unified output, about 2 minutes of one CPU core for each. A run that is stopped goes on where it
# stood.
#
# From a shell: `papermill notebooks/othello_transfer.ipynb out.ipynb -p methods anchors`.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
methods = "naive,unified"  # of naive, anchors, unified
languages = "atomic,atomic"  # any number of atomic, split, compositional
anchors = None  # of method "anchors"; None: the scale's
language = 0  # the one that is tuned: its name, or its number from 0
scale = "demo"  # demo (4x6, minutes), small (6x6, an hour and more), paper (8x8, a GPU)
seed = 0
runs_dir = "runs"  # networks and the table of measurements go here

# %% tags=["hide-input"]
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # no bars here

from lnlib.papers.hua.parameters import check

asked = dict(
    methods=methods, languages=languages, anchors=anchors, language=language, scale=scale,
    seed=seed, runs_dir=runs_dir,
)  # fmt: skip
p = check(asked, In)  # refuses what is misspelt before anything runs
p

# %% [markdown]
# ## Pre-training on one opening, fine-tuning in one language

# %%
import pandas as pd

from lnlib.papers import hua
from lnlib.papers.hua import figures
from lnlib.papers.hua.experiments import runs
from lnlib.papers.hua.scales import scale_of

scale_used = scale_of(p["scale"])
plan, folder = scale_used.transfer, runs.home(p["runs_dir"], scale_used)
curves = []
for method in p["methods"]:
    shared = (p["anchors"] or plan.anchors) if method == "anchors" else None
    spoken = hua.languages(p["languages"], plan.board, method, shared, p["seed"])
    curves.append(runs.move(spoken, scale_used, p["seed"], folder, p["language"]))
    print(f"{method}: done")
table = pd.concat(curves)

# %% [markdown]
# ## Every language's curve
#
# Legal moves, in per cent. The tuned language learns; whether the others do is the question.

# %%
figures.transfer(table)

# %% [markdown]
# That measure asks for two things, the rules and the vocabulary: a legal move in the words of another
# language counts as wrong. Here only the language's own words are allowed, so that the rules alone
# count:

# %%
figures.transfer(table, "legal within")

# %% [markdown]
# From the first step to the last; `probe` is the share of squares that a probe trained in the tuned
# language reads in each.

# %%
ends = table[table.step.isin([0, table.step.max()])]
ends.pivot_table("value", ["method", "measure"], ["language", "step"]).round(2)
