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
# # What does training under masks change?
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/sparse.ipynb)
#
# In sparse fine-tuning each language has a sub-network of its own, and a batch trains the sub-network of
# its language alone. Does that make parts of the model that are for one language? Three trainings answer
# together: without masks, under own masks, and under random ones of the same size. As it stands: names of
# people and places in three languages, about 3 minutes on one CPU core, nothing to download. A run that
# is stopped goes on where it stood.
#
# Own masks may also move: they are found anew nine times while the model learns. Their control are random
# masks that are drawn anew as often: `-p models "dynamic,redrawn"`.
#
# From a shell: `papermill notebooks/sparse.ipynb out.ipynb -p langs "ar,en,fa,ur,zh"`.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
task = "ner"  # ner, xnli; at scale small ner, pos, xnli
langs = "ar,en,ur"  # trained on and tested; None: the task's five
models = "full,static,random"  # of full (no masks), static (own), random, dynamic (moving), redrawn
subnetwork = "fisher"  # own masks: fisher, saliency, heads, ticket (the last two take longer)
tickets = None  # for ticket: what prune.ipynb has found, such as "runs/foroutan/demo"; None: search
scale = "demo"  # demo (offline), small (real data)
seed = 0  # head, order of the examples, dropout and random masks depend on it
data_dir = None  # a folder laid out like the hub, in place of the hub
runs_dir = "runs"  # checkpoints, masks and tables go here

# %% tags=["hide-input"]
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # no bars here

from lnlib.papers.choenni.parameters import check

asked = dict(
    task=task, langs=langs, models=models, subnetwork=subnetwork, tickets=tickets, scale=scale,
    seed=seed, data_dir=data_dir, runs_dir=runs_dir,
)  # fmt: skip
p = check(asked, In)  # refuses what is misspelt before anything runs
p

# %% [markdown]
# ## Train, put masks on, and test
#
# As it stands, a language's own mask is the half of the weights with the largest squared gradients
# (Fisher) on its own examples, in the model that was trained without masks. Each model is then scored and
# attributed with masks put on: all other weights are zero.

# %%
from lnlib.papers import choenni
from lnlib.papers.choenni import figures
from lnlib.papers.choenni.analysis import under_masks
from lnlib.papers.choenni.experiments import Experiment
from lnlib.papers.choenni.scales import SETTINGS
from lnlib.papers.choenni.tables import INFLUENCE, MODULAR, Tables

joint = choenni.join(p["task"], p["langs"], p["scale"], data_dir=p["data_dir"])
settings, kind = SETTINGS[p["scale"]], p["subnetwork"]
experiment = Experiment(joint, settings, p["seed"], p["runs_dir"], p["runs_dir"], p["tickets"])
for model in p["models"]:
    experiment.sparse([model], kind)
    print(f"{model}: done")
tables = Tables.read(experiment.results).of(joint.fingerprint, p["seed"])  # of this run alone
figures.trained_under_masks(tables, p["task"], kind)

# %% [markdown]
# Left: does a model need the right mask? Right: of the training examples that influence a test example
# most, how many are in its own language? A low score is damage, and damage raises that share: compare
# shares where scores are alike, and own masks with random ones.

# %%
found = under_masks.under_masks(tables, p["task"], kind)
found.groupby(["model", "put_on"])[["score", "share"]].mean().round(1)

# %% [markdown]
# ## Two masks as one
#
# The union keeps what either mask keeps, the intersection what both keep. Scores in the two languages,
# and with each of the two masks alone.

# %%
under_masks.composed(tables, p["task"], kind).round(1)

# %% [markdown]
# ## What was written

# %%
for table in (MODULAR, INFLUENCE):
    print(f"table: {table.path(experiment.results)}")
