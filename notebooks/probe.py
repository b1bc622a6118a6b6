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
# # What a probe reads, and against what
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/probe.ipynb)
#
# Every measure of alignment of one network of mOthello, beside everything that it has to be read
# against: probes of two layers and linear ones, of black and white and of mine and theirs; the board
# turned by a symmetry; states rotated onto those of the other language; cosine and retrieval of
# parallel states; a network that was never trained; and what the number of the move alone tells. The
# network is taken up from `notebooks/othello.ipynb`, or trained first (a minute).
#
# From a shell: `papermill notebooks/probe.ipynb out.ipynb -p method unified`.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
method = "naive"  # naive, anchors (languages share words), unified (they share the answers)
languages = "atomic,atomic"  # any number of atomic, split, compositional
anchors = None  # squares whose word all languages share; None: 4 for method "anchors", else none
board = None  # 4x4, 4x6, 6x6, 8x8; None: the scale's
scale = "demo"  # demo (4x4, a minute), small (6x6, half an hour and more), paper (8x8, a GPU)
seed = 0  # the network, the games, the words and which squares are anchors depend on it
runs_dir = "runs"  # the network and the tables of measurements go here

# %% tags=["hide-input"]
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # no bars here

from lnlib.papers.hua.parameters import check

asked = dict(
    method=method, languages=languages, anchors=anchors, board=board, scale=scale, seed=seed,
    runs_dir=runs_dir,
)  # fmt: skip
p = check(asked, In)  # refuses what is misspelt before anything runs
p

# %% [markdown]
# ## The probes

# %%
from lnlib.papers import hua
from lnlib.papers.hua import figures
from lnlib.papers.hua.experiments import runs
from lnlib.papers.hua.scales import scale_of

scale_used = scale_of(p["scale"])
spoken = hua.languages(p["languages"], p["board"], p["method"], p["anchors"], p["seed"])
folder = runs.home(p["runs_dir"], scale_used)
found = runs.align(spoken, scale_used, p["seed"], folder)
print(f"{found.states.iloc[0]:,} states of games that no probe was trained on")
across = found.assign(pair=(found.source == found.target).map({True: "own", False: "across"}))
probed = across[across.probe != ""]
probed.pivot_table("value", ["board", "probe", "network"], ["measure", "pair"]).round(3)

# %% [markdown]
# What is read without a probe, and from the number of the move:

# %%
rest = found[found.probe == ""]
rest.pivot_table("value", ["measure", "board"], "network").round(3)

# %%
figures.alignment(found)

# %% [markdown]
# Mine and theirs, read by a linear probe:

# %%
figures.alignment(found, probe="linear", board="relative")

# %% [markdown]
# Symmetries that fitted best; "identity" where no other did:

# %%
best = found[(found.measure == "best symmetry") & (found.network == "trained")]
best[["board", "probe", "source", "target", "symmetry", "value"]].round(3)
