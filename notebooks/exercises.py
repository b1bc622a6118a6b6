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
# # Exercises
#
# [![Open in Colab](../book/_static/colab.svg)](https://colab.research.google.com/github/lnlib/language-neutral-subnetworks/blob/main/notebooks/exercises.ipynb)
#
# Six ideas of this book on toy inputs, a few lines of numpy each; nothing is trained. Replace the
# `...` of a cell and run it: the check below it tries your function on random inputs of its own, and
# says what is wrong with it. The hints name mistakes that are easy to make, some in published code.

# %% tags=["hide-input"]
_ = __import__("importlib.util").util.find_spec("lnlib") or get_ipython().run_line_magic("pip", "install -q git+https://github.com/lnlib/language-neutral-subnetworks")  # fmt: skip

# %% tags=["parameters"]
seed = 0  # the random inputs of the checks depend on it

# %% tags=["hide-input"]
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # then the bars are plain text

from lnlib.papers.foroutan.parameters import check

p = check(dict(seed=seed), In)
p

# %%
import numpy as np  # noqa: F401  # for your answers

from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.reading import exercises

# %% [markdown]
# ## 1. What chance gives
#
# Two masks keep shares $p$ and $q$ of the weights and have nothing to do with each other. Of the
# weights that either keeps, what share will both keep?


# %%
def jaccard_by_chance(p, q):
    return ...


exercises.overlap_by_chance(jaccard_by_chance, p["seed"])

# %% [markdown]
# ## 2. One threshold for all matrices
#
# Prune a share of all weights, those of the smallest magnitude. Give back a list of bool arrays,
# shaped as the matrices, True where a weight is kept.


# %%
def global_mask(matrices, share):
    return ...


exercises.one_threshold(global_mask, p["seed"])

# %% [markdown]
# ## 3. One number for each weight
#
# A search gives a mask a round, and what is pruned stays pruned. `masks` has a row for each round
# and a column for each weight. Give back one whole number a weight from which all masks can be made
# again: the round, from 1, in which it is pruned, and 0 if it never is.


# %%
def rounds_of(masks):
    return ...


exercises.one_number(rounds_of, p["seed"])

# %% [markdown]
# ## 4. Something to rewind to
#
# Each round goes back to the pre-trained weights. What has to be kept of them before the first
# training, which changes the arrays in place? `weights` is a dict of arrays; give back one like it.


# %%
def remember(weights):
    return ...


exercises.rewind(remember, p["seed"])

# %% [markdown]
# ## 5. Which comparison?
#
# `a` is a ticket, `b` another mask of the same task: dicts such as
# `{"method": "ticket", "lang": "ur", "seed": 0}`, where the method can also be `random`,
# `magnitude` or `shuffled`. Which comparison is the pair? The names are
# these, from the third on:

# %%
nulls.COMPARISONS


# %%
def comparison_of(a, b):
    return ...


exercises.comparison(comparison_of, p["seed"])

# %% [markdown]
# ## 6. A gain over random
#
# How much better is a ticket than a random mask? The metric is `"F1"` or `"perplexity"`, and above 0
# should mean better for both.


# %%
def gain(ticket, random, metric):
    return ...


exercises.gain_over_random(gain, p["seed"])
