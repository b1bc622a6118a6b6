"""Relations between languages, tested with what pairs of languages allow.

n languages give n (n - 1) / 2 pairs, and pairs that share a language are not independent. So
nothing here counts pairs as observations: intervals resample languages, tests permute them or turn
their signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import cophenet, leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from lnlib.base.errors import UserError
from lnlib.languages import LANGUAGES

PERMUTATIONS = 9_999  # the smallest p is then 0.0001; a second for eleven languages
RESAMPLES = 2_000  # the usual number for a 95 % percentile interval
_FEWEST_SIGNS = 6  # languages: five have 32 ways to give signs, two of which are as far as any
_FEWEST = 5  # languages: fewer have so few orders (24 for four) that p cannot fall below 0.04


Mask = tuple[str, int] | None  # language and seed; None for one that belongs to no language
Pair = tuple[Mask, Mask]


@dataclass(frozen=True)
class Relation:
    """A rank correlation of two matrices over languages."""

    r: float  # Spearman's, -1 to 1
    p: float  # two-sided, by permuting languages
    languages: int


def square(
    pairs: pd.DataFrame, value: str, one: str = "lang", other: str = "other"
) -> pd.DataFrame:
    """Languages by languages: the mean of `value` over rows of a pair, either way round.

    The diagonal is missing; so are pairs without rows.
    """
    both = pd.concat([pairs, pairs.rename(columns={one: other, other: one})])
    both = both[both[one] != both[other]]
    table = both.pivot_table(index=one, columns=other, values=value, aggfunc="mean")
    codes = [code for code in LANGUAGES if code in table.index]
    return table.reindex(index=codes, columns=codes)


def alike(langs: Sequence[str], trait: str) -> pd.DataFrame:
    """1 where two languages share a `trait` ("script", "family", "word_order"), else 0."""
    values = [getattr(LANGUAGES[lang], trait) for lang in langs]
    same = [[float(a == b) for a in values] for b in values]
    return pd.DataFrame(same, index=list(langs), columns=list(langs))


def nearness(values: pd.Series) -> pd.DataFrame:
    """Minus the difference of two languages' values: 0 where they are equal, less elsewhere."""
    numbers = values.to_numpy(float)
    apart = np.abs(numbers[:, None] - numbers[None, :])
    return pd.DataFrame(-apart, index=values.index, columns=values.index)


def complete(matrix: pd.DataFrame) -> pd.DataFrame:
    """The matrix without the languages that lack pairs, dropped one by one, the worst first."""
    while len(matrix):
        missing = matrix.isna().sum(axis=1) - 1  # the diagonal
        if missing.max() <= 0:
            return matrix
        worst = missing.idxmax()
        matrix = matrix.drop(index=worst, columns=worst)
    return matrix


def mantel(
    a: pd.DataFrame, b: pd.DataFrame, given: Sequence[pd.DataFrame] = (), *,
    permutations: int = PERMUTATIONS, seed: int = 0,
) -> Relation:  # fmt: skip
    """Whether pairs high in `a` are high in `b`: Mantel's test, on ranks.

    Square matrices over languages, symmetric; only languages complete in all are used. With
    `given`, the partial test: what a and b share beyond these matrices (residuals of ranks, those
    of `a` permuted; Smouse, Long and Sokal 1986). Where both matrices follow a hidden map of the
    languages, p is too small with or without `given` (Guillot and Rousset 2011). Raises UserError
    with fewer than five languages, or where a matrix has the same value for every pair.
    """
    matrices = [a, b, *given]
    codes = [code for code in complete(a).index if all(code in m.index for m in matrices)]
    while True:  # one matrix may lack a pair that another has
        cut = [complete(m.loc[codes, codes]) for m in matrices]
        kept = [code for code in codes if all(code in m.index for m in cut)]
        if kept == codes:
            break
        codes = kept
    if len(codes) < _FEWEST:
        raise UserError(
            f"{len(codes)} languages have every pair ({', '.join(codes) or 'none'}): "
            f"a permutation test needs {_FEWEST}"
        )
    rows, columns = np.triu_indices(len(codes), 1)
    ranks = [rankdata(m.to_numpy(float)[rows, columns]) for m in cut]
    if any(np.ptp(rank) == 0 for rank in ranks):
        raise UserError(f"all pairs of {', '.join(codes)} have the same value: nothing to relate")
    x, y = (_residuals(rank, ranks[2:]) for rank in ranks[:2])
    field = squareform(x)
    rng = np.random.default_rng(seed)
    observed = float(_correlation(x, y))
    orders = rng.permuted(np.tile(np.arange(len(codes)), (permutations, 1)), axis=1)
    drawn = _correlation(field[orders[:, rows], orders[:, columns]], y)
    # 1e-12: the observed order itself comes up among the permutations, and counts
    beyond = int((np.abs(drawn) >= abs(observed) - 1e-12).sum())
    return Relation(observed, (beyond + 1) / (permutations + 1), len(codes))


def mean_interval(matrix: pd.DataFrame, *, resamples: int = RESAMPLES,
                  seed: int = 0) -> tuple[float, float]:  # fmt: skip
    """95 % interval of the mean over pairs, by drawing languages with replacement.

    A language drawn twice makes no pair with itself. Endless with fewer than three languages.
    """
    values = complete(matrix).to_numpy(float, copy=True)
    if len(values) < 3:
        return -np.inf, np.inf
    np.fill_diagonal(values, np.nan)
    rng = np.random.default_rng(seed)
    means: list[float] = []
    while len(means) < resamples:
        drawn = rng.integers(len(values), size=len(values))
        part = values[np.ix_(drawn, drawn)]
        if not np.isnan(part).all():
            means.append(float(np.nanmean(part)))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def pairs_interval(
    values: Sequence[float],
    pairs: Sequence[Pair],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of the mean over pairs of masks, by drawing languages and then their seeds.

    `pairs` names the two masks behind each value as (language, seed), None for a mask that belongs
    to no language. A pair counts as often as both its masks are drawn; two of one language and seed
    (of two tasks, say) are drawn together. Endless with fewer than three languages.
    """
    if len({mask[0] for pair in pairs for mask in pair if mask is not None}) < 3:
        return -np.inf, np.inf
    return _pairs_interval(tuple(values), tuple(pairs), resamples, seed)


@lru_cache(1024)  # a page draws the same intervals in a wide figure and in a narrow one
def _pairs_interval(
    values: tuple[float, ...], pairs: tuple[Pair, ...], resamples: int, seed: int
) -> tuple[float, float]:
    (means,) = resampled_means([(values, pairs)], resamples=resamples, seed=seed)
    low, high = np.nanquantile(means, [0.025, 0.975])
    return float(low), float(high)


def resampled_means(
    groups: Sequence[tuple[Sequence[float], Sequence[Pair]]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> np.ndarray:
    """Means of several groups of pairs under the same draws of languages and seeds.

    A group is its values with the two masks behind each, as in `pairs_interval`. Returns (groups,
    resamples); NaN where a draw holds no pair of a group.
    """
    masks = sorted({mask for _, pairs in groups for pair in pairs for mask in pair if mask})
    langs = sorted({lang for lang, _ in masks})
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(langs), [1 / len(langs)] * len(langs), size=resamples)
    drawn = np.ones((resamples, len(masks) + 1))  # the last column is for None
    for lang, count in zip(langs, times.T, strict=True):
        own = [place for place, mask in enumerate(masks) if mask[0] == lang]
        drawn[:, own] = rng.multinomial(count * len(own), [1 / len(own)] * len(own))
    place = {mask: number for number, mask in enumerate(masks)} | {None: len(masks)}
    means = []
    for values, pairs in groups:
        one = np.array([place[a] for a, _ in pairs])
        other = np.array([place[None if b == a else b] for a, b in pairs])
        weights = drawn[:, one] * drawn[:, other]
        with np.errstate(invalid="ignore"):  # a draw may hold no pair at all
            means.append(weights @ np.asarray(values, dtype=float) / weights.sum(axis=1))
    return np.stack(means)


def crossed_interval(matrix: pd.DataFrame, *, resamples: int = RESAMPLES,
                     seed: int = 0) -> tuple[float, float]:  # fmt: skip
    """95 % interval of the mean of a matrix whose rows and columns are both samples.

    Rows and columns are drawn with replacement, each on its own; endless with fewer than three of
    either.
    """
    values = matrix.to_numpy(float)
    if min(values.shape) < 3:
        return -np.inf, np.inf
    rng = np.random.default_rng(seed)
    rows, columns = (rng.integers(n, size=(resamples, n)) for n in values.shape)
    means = values[rows[:, :, None], columns[:, None, :]].mean(axis=(1, 2))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def sign_flips(differences: Sequence[float]) -> float:
    """Two-sided p that paired differences have mean 0: one difference a language, missing dropped.

    Exact: the share of all 2^n ways to give them signs whose mean is as far from 0. It supposes
    that a difference and its negative were equally likely. Differences over pairs of languages are
    averaged over the pairs of one language first, since these share its score. NaN with fewer than
    six languages, where p cannot fall below 0.05. Source: Fisher's randomization test.
    """
    values = np.asarray(differences, dtype=float)
    values = values[~np.isnan(values)]
    if len(values) < _FEWEST_SIGNS:
        return np.nan
    ways = np.arange(2 ** len(values))[:, None] >> np.arange(len(values)) & 1
    sums = np.abs((2 * ways - 1) @ values)
    # The observed way counts, in whatever order it was summed: 1e-12 of all there is to sum is far
    # above rounding and far below what tells two ways apart.
    return float((sums >= abs(values.sum()) - 1e-12 * np.abs(values).sum()).mean())


def error_of_share(percent: float, n: float) -> float:
    """Standard error, in points, of a share (%) that was counted in n independent cases."""
    return float(np.sqrt(percent * (100 - percent) / n))


def clusters(similarity: pd.DataFrame) -> tuple[np.ndarray, float, list[str]]:
    """Average-linkage tree of the languages: scipy's linkage, cophenetic correlation, leaf order.

    The correlation says how well distances in the tree are the distances there were (1: exactly).
    Raises UserError with fewer than three languages.
    """
    similarity = complete(similarity)
    if len(similarity) < 3:
        raise UserError(f"{len(similarity)} languages with every pair: a tree needs 3")
    values = similarity.to_numpy(float)
    between = ~np.eye(len(values), dtype=bool)
    distance = np.where(between, values[between].max() - values, 0)
    flat = squareform(distance, checks=False)
    tree = linkage(flat, "average", optimal_ordering=True)
    return tree, float(cophenet(tree, flat)[0]), [similarity.index[i] for i in leaves_list(tree)]


def holm(p: Sequence[float]) -> list[float]:
    """Holm's correction: p-values of several tests, so that any one below 0.05 still means 5 %.

    NaN stays, and is no test.
    """
    p_values = np.asarray(p, dtype=float)
    order = np.argsort(p_values)  # NaN last
    tests = int((~np.isnan(p_values)).sum())
    factors = np.maximum(tests - np.arange(len(p_values)), 1)
    stepped = np.maximum.accumulate(p_values[order] * factors)
    out = np.empty_like(p_values)
    out[order] = np.minimum(stepped, 1)
    return out.tolist()


def _residuals(y: np.ndarray, given: Sequence[np.ndarray]) -> np.ndarray:
    design = np.stack([np.ones_like(y), *given], axis=1)
    return y - design @ np.linalg.lstsq(design, y, rcond=None)[0]


def _correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's, of y with x or with each row of x."""
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean()
    return (x @ y) / np.sqrt((x * x).sum(axis=-1) * (y @ y))
