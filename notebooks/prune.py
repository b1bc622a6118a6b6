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
# # Find a ticket
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/prune.ipynb)
#
# One language, one task: iterative magnitude pruning finds the sub-network, and two controls that
# know less show what the search is worth. As it stands: Urdu named-entity recognition with
# mini-mBERT on the gazetteer, 1 to 3 minutes on two CPU cores, nothing to download.
#
# From a shell: `papermill notebooks/prune.ipynb out.ipynb -p lang ur -p task ner`.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
lang = "ur"  # en fr de zh ru es fa ur ar hi sw, or a mixture: "en+fa+fr+zh"
task = "ner"  # mlm, ner, xnli; at scale paper also xnli_text (mT5)
scale = "demo"  # demo (offline), small (real data, mini-mBERT), medium (e5), paper (mBERT)
seed = 0  # the head, the order of the examples and dropout depend on it
sparsities = [10, 20, 30, 40, 50, 60, 70, 80, 90]  # % pruned after each round
controls = "random,magnitude"  # masks that know less; also searches: shuffled, change, fisher
encoder_dir = None  # a folder that holds the encoder, in place of the hub
data_dir = None  # a folder laid out like the hub, in place of the hub
runs_dir = "runs"  # the ticket and the table of measurements go here

# %% tags=["hide-input"]
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # then the bars are plain text

from lnlib.papers.foroutan.parameters import check

asked = dict(
    lang=lang, task=task, scale=scale, seed=seed, sparsities=sparsities, controls=controls,
    encoder_dir=encoder_dir, data_dir=data_dir, runs_dir=runs_dir,
)  # fmt: skip
p = check(asked, In)  # refuses what is misspelt before anything runs
p

# %% [markdown]
# ## The encoder and the data

# %%
from IPython.display import HTML, display

from lnlib import LANGUAGES, SCALES, Workbench, load, load_encoder

encoder = load_encoder(SCALES[p["scale"]].encoder_of(p["task"]), p["encoder_dir"])
bench = Workbench(encoder, p["task"], p["lang"], p["scale"], data_dir=p["data_dir"])
recipe = bench.recipe
print(f"{bench.task.title} in {p['lang']}: {bench.data.source}")
print(f"{len(bench.data.train):,} training and {len(bench.data.validation):,} validation examples")
print(f"a round is {recipe.steps:,} steps of {recipe.batch_size}, rate {recipe.learning_rate:g}")
if bench.data.validation.lost_words:
    print(
        f"{bench.data.validation.lost_words:,} validation words lie beyond {recipe.max_tokens} tokens"
    )

# %%
sample = load(p["task"], p["lang"], p["scale"], p["data_dir"]).train
code = p["lang"].split("+")[0]
for example in sample[:4]:
    shown = example.get("tokens") or [
        str(example[key]) for key in ("text", "premise", "hypothesis") if key in example
    ]
    text = " ".join(shown) if "tokens" in example else " — ".join(shown)
    display(HTML(f'<p lang="{code}" dir="{LANGUAGES[code].direction}">{text[:200]}</p>'))

# %% [markdown]
# ## The search
#
# Train, score, prune the smallest tenth of the original weights, rewind the rest to the pre-trained
# values, again. The ticket is saved after every round: stop this cell and run it again, and it goes
# on where it stood.

# %%
from tqdm.auto import tqdm

from lnlib.papers.foroutan.doors import places
from lnlib.results import runs

kept = places(p["runs_dir"], p["scale"])  # where tickets and measurements are
bar = tqdm(total=(len(p["sparsities"]) + 1) * recipe.steps, unit="step", mininterval=1)
losses = {}


def on_round(ticket, sparsity, trained):
    losses[sparsity] = trained.losses
    bar.set_postfix_str(f"{sparsity} %: {trained.score.metric} {trained.score.value:.2f}")


ticket = runs.search(
    bench, p["seed"], kept, levels=p["sparsities"], on_round=on_round,
    progress=lambda step, loss: bar.update(),
)  # fmt: skip
bar.close()
ticket

# %% [markdown]
# ## The controls
#
# A random mask, and the mask of the untouched encoder's smallest weights, each trained like the
# ticket. If asked for, also masks of other searches, which cost as much as the one above does to
# that level: on shuffled labels (`shuffled`), or with weights ranked by how far training moved them
# (`change`) or by Fisher information (`fisher`), as in the paper's Appendix D.

# %%
from lnlib import find_ticket
from lnlib.pruning.methods import WITHOUT_DATA

level = 50 if 50 in ticket.levels else ticket.levels[-1]
for method in tqdm(p["controls"], desc=f"controls at {level} %"):
    if method in WITHOUT_DATA:
        control = find_ticket(
            encoder, p["task"], p["lang"], p["scale"], seed=p["seed"], method=method,
            levels=p["sparsities"],
        )  # fmt: skip
    else:
        control = runs.search(
            bench, p["seed"], kept, method=method,
            levels=[below for below in ticket.levels if below <= level],
        )  # fmt: skip
    runs.measure(bench, control, level, p["seed"], kept.home)

# %%
from lnlib.papers.foroutan import figures
from lnlib.results.scores import SCORES
from lnlib.results.table import find

of_run = {"task": p["task"], "lang": p["lang"], "seed": p["seed"]}
scores = find(SCORES.read(kept.home), of_run)
# not the masks of another task, language or seed that were moved here; controls may have none
own = scores[
    scores.mask_task.isin(["", p["task"]])
    & scores.mask_lang.isin(["", p["lang"]])
    & (scores.mask_seed.fillna(p["seed"]) == p["seed"])
]
own[["method", "sparsity", "metric", "value", "loss", "seconds"]]

# %%
figures.sparsity_curve(scores, p["task"], p["lang"])

# %% [markdown]
# ## The mask
#
# Pruning is global: one threshold for all matrices, so layers and components keep different shares.

# %%
from lnlib.masks.overlap import density_table

figures.density_profile(density_table([ticket], level), "layer", sparsity=level)

# %%
figures.density_profile(density_table([ticket], level), "component", sparsity=level)

# %%
import pandas as pd

curves = [
    pd.DataFrame({"step": range(len(loss)), "loss": loss, "series": f"{sparsity} %"})
    for sparsity, loss in losses.items()  # none where every round was found on disk
]
figures.losses(pd.concat(curves) if curves else pd.DataFrame())

# %% [markdown]
# ## What was written

# %%
path = kept.ticket(p["task"], p["lang"], p["seed"])
print(
    f"ticket: {path} ({path.stat().st_size / 1e6:.2f} MB, {ticket.weights:,} weights, all levels)"
)
print(f"table:  {SCORES.path(kept.home)} ({len(scores)} rows of this run)")
