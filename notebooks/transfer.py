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
# # Move a ticket
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/transfer.ipynb)
#
# A mask found in one language is put on the pre-trained weights and trained in another. Beside it
# stand the target's own mask, a random one, and the full model. Tickets that `prune.ipynb` has left
# in `runs_dir` are used; missing ones are found first (1 to 3 minutes each on two CPU cores).
#
# From a shell: `papermill notebooks/transfer.ipynb out.ipynb -p lang ur -p langs "ur,en"`.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
lang = "ur"  # the target: trained and scored here
langs = "ur,en,zh"  # the sources: whose masks are moved
task = "ner"  # mlm, ner, xnli; at scale paper also xnli_text (mT5)
source_task = None  # the task whose masks are moved, if it is another one
scale = "demo"  # demo (offline), small (real data, mini-mBERT), medium (e5), paper (mBERT)
seed = 0
source_seed = None  # the seed whose masks are moved, if it is another one
sparsity = 50  # %; the level the paper transfers at
encoder_dir = None  # a folder that holds the encoder, in place of the hub
data_dir = None  # a folder laid out like the hub, in place of the hub
runs_dir = "runs"  # tickets are looked for and left here

# %% tags=["hide-input"]
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # then the bars are plain text

from lnlib.papers.foroutan.parameters import check

asked = dict(
    lang=lang, langs=langs, task=task, source_task=source_task, scale=scale, seed=seed,
    source_seed=source_seed, sparsity=sparsity, encoder_dir=encoder_dir, data_dir=data_dir,
    runs_dir=runs_dir,
)  # fmt: skip
p = check(asked, In)  # refuses what is misspelt before anything runs
p

# %% [markdown]
# ## The masks

# %%
from tqdm.auto import tqdm

from lnlib import SCALES, Workbench, find_ticket, load_encoder
from lnlib.papers.foroutan.doors import places, ticket_at
from lnlib.results import runs

encoder = load_encoder(SCALES[p["scale"]].encoder_of(p["task"]), p["encoder_dir"])
tickets = {
    source: ticket_at(
        encoder, p["source_task"], source, p["scale"], p["sparsity"], p["source_seed"],
        p["runs_dir"], p["data_dir"],
    )
    for source in tqdm(p["langs"], desc="tickets")
}  # fmt: skip
list(tickets.values())

# %% [markdown]
# ## Trained on the target

# %%
import pandas as pd

bench = Workbench(encoder, p["task"], p["lang"], p["scale"], data_dir=p["data_dir"])
random = find_ticket(encoder, p["task"], p["lang"], p["scale"], seed=p["seed"], method="random")
trials = {"full model": None, **{f"mask of {k}": t for k, t in tickets.items()}, "random": random}
home = places(p["runs_dir"], p["scale"]).home  # measured before is not measured again
rows = {
    name: runs.measure(bench, mask, p["sparsity"], p["seed"], home)
    for name, mask in tqdm(trials.items(), desc=f"on {p['lang']}")
}
shown = pd.DataFrame(rows).T[["metric", "value", "loss"]]
shown

# %%
import matplotlib.pyplot as plt
import seaborn as sns

figure, axes = plt.subplots(figsize=(7, 0.45 * len(shown) + 1))
sns.stripplot(x=shown.value.astype(float), y=shown.index, ax=axes, size=8)
axes.set(
    xlabel=f"{rows['full model'].metric} on {p['lang']}, masks at {p['sparsity']} %", ylabel=""
)
sns.despine(figure)
