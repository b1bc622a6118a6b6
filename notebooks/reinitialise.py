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
# # Take from some layers what they have learnt
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/reinitialise.ipynb)
#
# A block of layers is set back to random values, the rest keeps what pre-training has taught it, and
# the whole is trained on one language. What does it cost that language, and what the others, which
# are only scored? As it stands: names of people and places, trained on English, scored in eleven
# languages; five trainings, 2 to 4 minutes on one CPU core, nothing to download. A run that is stopped
# goes on where it stood.
#
# From a shell: `papermill notebooks/reinitialise.ipynb out.ipynb -p source ru -p targets "ur,de,fr"`.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
source = "en"  # the language that is trained on
targets = None  # the languages that are only scored, such as "ur,de,fr"; None: all there are
task = "ner"  # ner, xnli; at the others ner, pos, parsing
blocks = None  # of layers, such as "0-1,4,all"; None: pairs of layers and all
start = "bert"  # what the layers get: bert, constructor (torch's own), shuffled (their own values)
scale = "demo"  # demo (offline), small (real data), medium (a larger encoder)
seed = 0  # head, order of the examples, dropout and random values depend on it
data_dir = None  # a folder laid out like the hub, in place of the hub
encoder_dir = None  # a folder with the encoder, in place of the hub
runs_dir = "runs"  # the table of measurements goes here

# %% tags=["hide-input"]
from lnlib.papers.muller.parameters import check

asked = dict(
    source=source, targets=targets, task=task, blocks=blocks, start=start, scale=scale, seed=seed,
    data_dir=data_dir, encoder_dir=encoder_dir, runs_dir=runs_dir,
)  # fmt: skip
p = check(asked, In)  # refuses what is misspelt before anything runs
p

# %% [markdown]
# ## Scores
#
# Rows are languages, the first column has nothing re-initialised. `floor` is what a model that knows
# nothing scores.

# %%
from lnlib import load_encoder
from lnlib.papers import muller
from lnlib.papers.muller import figures
from lnlib.papers.muller.analysis import blocks as by_block
from lnlib.papers.muller.grid import home
from lnlib.papers.muller.scales import SCALES

scale_used = SCALES[p["scale"]]
folder = home(p["runs_dir"], scale_used)
rows = muller.ablate(
    load_encoder(scale_used.encoder, p["encoder_dir"]), muller.get_task(p["task"]), p["source"],
    p["targets"], p["blocks"], scale_used, folder, seed=p["seed"], start=p["start"], data_dir=p["data_dir"],
    on_block=lambda block, of: print(f"{block.name}: {of.seconds.max():.0f} s"),
)  # fmt: skip
table = by_block.scores(rows, p["task"], p["source"], p["start"]).droplevel("seed")
table.assign(floor=rows.groupby("target")["floor"].mean()).round(1)

# %% [markdown]
# ## What each block costs
#
# In points, against the same training with nothing re-initialised.

# %%
by_block.losses(rows, p["task"], p["source"], p["start"]).round(1)

# %% [markdown]
# Languages that have nothing to lose, and so do not count:

# %%
by_block.left_out(rows, p["task"], p["source"]).to_dict()

# %%
figures.losses(rows, p["task"], p["source"], p["start"])

# %% [markdown]
# ## What was written

# %%
from lnlib.papers.muller.tables import ABLATION

print(f"table: {ABLATION.path(folder)}")
