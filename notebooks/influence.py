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
# # Whose examples does a prediction lean on?
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/influence.ipynb)
#
# One model is trained on several languages together. Then each test sentence is traced back to the
# training sentences that influence it most: those whose gradient points where its own does. Are they of
# its own language? And does a part of the model, found for a language, lean on that language more? As
# it stands: names of people and places in five languages, 2 to 3 minutes on one CPU core, nothing to
# download. A run that is stopped goes on where it stood.
#
# From a shell: `papermill notebooks/influence.ipynb out.ipynb -p langs "ur,fa,en" -p subnetwork saliency`.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
task = "ner"  # ner, xnli; at scale small ner, pos, xnli
langs = None  # trained on and tested, such as "ur,fa,en"; None: the task's five
subnetwork = "fisher"  # or saliency, heads, ticket (the last two take longer)
tickets = None  # for ticket: what prune.ipynb has found, such as "runs/foroutan/demo"; None: search
scale = "demo"  # demo (offline), small (real data)
seed = 0  # head, order of the examples, dropout and random masks depend on it
data_dir = None  # a folder laid out like the hub, in place of the hub
runs_dir = "runs"  # checkpoints, masks and the table go here

# %% tags=["hide-input"]
from lnlib.papers.choenni.parameters import check

asked = dict(
    task=task, langs=langs, subnetwork=subnetwork, tickets=tickets, scale=scale, seed=seed,
    data_dir=data_dir, runs_dir=runs_dir,
)  # fmt: skip
p = check(asked, In)  # refuses what is misspelt before anything runs
p

# %% [markdown]
# ## Train on all languages together
#
# Scores in each language; shares of a model that has learnt nothing would mean nothing.

# %%
from lnlib.papers import choenni
from lnlib.papers.choenni.experiments import FULL, Experiment
from lnlib.papers.choenni.scales import SETTINGS

joint = choenni.join(p["task"], p["langs"], p["scale"], data_dir=p["data_dir"])
settings = SETTINGS[p["scale"]]
experiment = Experiment(joint, settings, p["seed"], p["runs_dir"], p["runs_dir"], p["tickets"])
model = experiment.tuned().model(joint)
{lang: round(joint.score(model, lang, p["seed"]).value, 1) for lang in joint.langs}

# %% [markdown]
# ## Whose examples count
#
# Of the most influential training examples, how many are in the test example's own language? The grey
# band is what permuted languages give. Random sub-networks have as many weights in every matrix.

# %%
from lnlib.papers.choenni import figures
from lnlib.papers.choenni.tables import INFLUENCE, Tables

kind = p["subnetwork"]
experiment.attribute([kind])
tables = Tables.read(experiment.results).of(joint.fingerprint, p["seed"])  # of this run alone
figures.shares(tables, p["task"], kind)

# %%
figures.own_shares(tables, p["task"], kind).round(1)

# %% [markdown]
# ## The sentences themselves
#
# One test sentence, and the training sentences that influence it most.

# %%
import pandas as pd

found = experiment.influence(
    experiment.tuned(),
    [FULL, *experiment.own(kind), *experiment.random(kind)],
    "coordinates",
)
example = 0  # another number asks about another sentence
asked_about = found.test.langs[example], int(found.test.numbers[example])
best = found.top(example, 10, FULL.name)
sentences = [joint.example(lang, n) for lang, n in zip(best["lang"], best["number"], strict=True)]
print(*asked_about, joint.example(*asked_about, "validation"))
pd.concat([best.round(3), pd.DataFrame(sentences)], axis=1)

# %% [markdown]
# ## What was written

# %%
print(f"table: {INFLUENCE.path(experiment.results)}")
