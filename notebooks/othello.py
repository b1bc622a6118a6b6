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
# # Teach a network a game in two languages
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/othello.ipynb)
#
# One network learns Othello in several made-up languages, so it is known what they share. It is
# trained on random games, asked for legal moves, and probed: can a probe that reads the board from
# games in one language read it from games in another? As it stands: two languages that have no
# token in common, on a 4x4 board, 1 to 2 minutes on one CPU core, nothing to download. A run that is
# stopped goes on where it stood.
#
# From a shell: `papermill notebooks/othello.ipynb out.ipynb -p method anchors -p anchors 2`.

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
# ## A game in each language

# %%
from lnlib.papers import hua
from lnlib.papers.hua import figures
from lnlib.papers.hua.experiments import runs
from lnlib.papers.hua.scales import scale_of

scale_used = scale_of(p["scale"])
spoken = hua.languages(p["languages"], p["board"], p["method"], p["anchors"], p["seed"])
folder = runs.home(p["runs_dir"], scale_used)
game = hua.generate(spoken.world, 1, p["seed"])
for k, name in enumerate(spoken.names):
    text = spoken.write(game.moves, k)
    print(f"{name:<16}", *text.tokens[0][text.move[0] >= 0])
shared = sorted({square for square, _ in spoken.anchors})
print(f"squares: {spoken.world.moves}, shared words: {len(shared)} {shared or ''}")
print(f"the network reads {spoken.vocabulary} tokens, {spoken.context} at a time")

# %% [markdown]
# ## Learning the rules
#
# Its most probable next move is legal, in per cent of all beginnings of games.

# %%
from lnlib.papers.hua.tables import PRETRAINING
from lnlib.results.table import find

trained = runs.pretrained(spoken, scale_used, p["seed"], folder)
of_run = runs.network(spoken, scale_used, p["seed"])
course = find(PRETRAINING.read(folder), of_run | {"task": "alignment"})
course.pivot(index="step", columns="language", values="legal").round(1)

# %%
figures.learning(course)

# %% [markdown]
# ## Are the languages aligned?
#
# A probe of the board, trained on states of games in one language, reads those of another. Beside
# it: the same probe with the board turned by whichever of its symmetries fits best, and with the
# states mapped onto the other language's by one rotation, fitted on the same games told in both. A
# network that was never trained gets all of this too. `notebooks/probe.ipynb` has every probe.

# %%
aligned = runs.align(spoken, scale_used, p["seed"], folder, kinds=("mlp",), codings=("absolute",))
paper = aligned[(aligned.probe == "mlp") & (aligned.board == "absolute")]
paper.pivot_table("value", ["network", "measure"], ["source", "target"]).round(3)

# %%
figures.alignment(aligned)

# %% [markdown]
# ## What was written

# %%
from lnlib.papers.hua.tables import ALIGNMENT

print(f"network: {runs.place(folder, 'alignment', spoken, p['seed'])}")
print(f"tables:  {PRETRAINING.path(folder)}, {ALIGNMENT.path(folder)}")
