"""What states have in common: CKA against its definition, its floors, and bad input."""

import numpy as np
import pytest
import torch

from lnlib.base.errors import UserError
from lnlib.states import cka, pooling, retrieval, similarity
from lnlib.tasks.examples import encode_sentences

LINES = ["Karachi", "Rwanda, 66 days, and 23 October 2019", "Lusaka and 30 years", "Euro: 5"]
ORACLE = 1e-10  # doubles on both sides, sums of a few thousand products: the oracle's own rounding


def states(n=40, width=12, seed=0, levels=None):
    shape = (n, width) if levels is None else (levels, n, width)
    return np.random.default_rng(seed).normal(size=shape)


def related(seed=0, n=40, width=12):
    x = states(n, width, seed)
    return x, x @ states(width, 9, seed + 1) + states(n, 9, seed + 2)


def kernel_of(x, kernel):
    """Written plainly, cell by cell."""
    if kernel == "linear":
        return np.array([[float(a @ b) for b in x] for a in x])
    squares = np.array([[float(((a - b) ** 2).sum()) for b in x] for a in x])
    return np.exp(-squares / (2 * np.median(squares[squares > 0])))


def hsic(one, other, debiased):
    """The definition: U-centred matrices (Szekely and Rizzo 2014), or centred ones."""
    n = len(one)
    if not debiased:
        h = np.eye(n) - np.ones((n, n)) / n
        return np.trace(h @ one @ h @ other)

    def centre(m):
        m = m - np.diag(np.diag(m))
        out = m - m.sum(0) / (n - 2) - m.sum(1)[:, None] / (n - 2) + m.sum() / (n - 1) / (n - 2)
        return out - np.diag(np.diag(out))

    return (centre(one) * centre(other)).sum() / n / (n - 3)


def oracle(x, y, kernel="linear", debiased=True):
    one, other = kernel_of(x, kernel), kernel_of(y, kernel)
    own = hsic(one, one, debiased) * hsic(other, other, debiased)
    return hsic(one, other, debiased) / np.sqrt(own)


@pytest.mark.parametrize("debiased", [True, False])
@pytest.mark.parametrize("kernel", cka.KERNELS)
@pytest.mark.parametrize("n", [4, 11, 40])  # fewer and more sentences than units: both forms
def test_cka_is_its_definition(kernel, debiased, n):
    x, y = related(n=n)
    assert cka.cka(x, y, kernel, debiased) == pytest.approx(
        oracle(x, y, kernel, debiased), abs=ORACLE
    )


@pytest.mark.parametrize("kind", cka.KINDS)
def test_a_grid_holds_what_every_two_levels_have(kind):
    a, b = states(levels=3), states(width=9, seed=5, levels=2) + states(width=9, levels=2)
    cells = cka.grid(a, b, *cka.KINDS[kind])
    assert cells.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        assert cells[i, j] == pytest.approx(cka.cka(a[i], b[j], *cka.KINDS[kind]), abs=ORACLE)


@pytest.mark.parametrize("kind", cka.KINDS)
def test_rotation_scale_and_shift_change_nothing(kind):
    x, y = related()
    rotation = np.linalg.qr(states(12, 12, 7))[0]
    moved = 3 * x @ rotation + 5
    how = cka.KINDS[kind]
    assert cka.cka(moved, y, *how) == pytest.approx(cka.cka(x, y, *how), abs=ORACLE)
    assert cka.cka(moved, x, *how) == pytest.approx(1, abs=ORACLE)


def test_tensors_in_single_precision_are_computed_in_double():
    x, y = (torch.from_numpy(side).float() for side in related())
    assert cka.cka(x, y) == cka.cka(x.double(), y.double())


def test_only_the_debiased_is_nought_for_noise():
    """100 draws of 25 unrelated rows in 128 dimensions. The mean of the debiased has a standard
    error of about 0.002 (each value varies by 0.02); the biased ones are far off."""
    draws = [(states(25, 128, 2 * s), states(25, 128, 2 * s + 1)) for s in range(100)]
    mean = {k: np.mean([cka.cka(x, y, *h) for x, y in draws]) for k, h in cka.KINDS.items()}
    assert abs(mean["linear_debiased"]) < 0.01
    assert mean["linear"] > 0.5 and mean["rbf"] > 0.5


def test_equal_sentences_do_not_set_the_width_of_the_kernel():
    """Of 12 rows 10 are equal: most squared distances are 0 but for rounding."""
    x, y = related(n=12)
    x[2:] = x[1]
    assert cka.cka(x, y, "rbf", False) == pytest.approx(oracle(x, y, "rbf", False), abs=ORACLE)


def test_the_reference_reads_a_quarter_of_the_sentences_and_three_more():
    read = {i for part in cka.window_slices(800) for i in range(800)[part]}
    meant = [i for part in cka.window_slices(800, overlapping=False) for i in range(800)[part]]
    assert read == set(range(203)) and meant == list(range(800))
    assert len(cka.window_slices(103)) == 4  # windows of 25


def test_windows_are_averaged():
    a, b = states(levels=2), states(seed=1, levels=2)
    parts = [cka.cka(a[1, s : s + 10], b[0, s : s + 10], "rbf", False) for s in range(4)]
    assert cka.in_windows(a, b)[1, 0] == pytest.approx(np.mean(parts), abs=ORACLE)


CONSTANT = np.full((30, 12), 0.1) + 1e-9 * states(30)  # as float32 states of one sentence vary


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (states(3), states(3), "CKA of 3 sentences: expected 4 or more"),
        (states(5), states(6), "5 sentences on one side and 6 on the other"),
        (CONSTANT, states(30), "states are constant"),
        (states(30), CONSTANT, "states are constant"),
        (np.vstack([states(29), np.full(12, np.nan)]), states(30), "not finite"),
        (np.vstack([states(29), np.full(12, np.inf)]), states(30), "not finite"),
        (states(30)[0], states(30)[0], r"shape \(12,\): expected \(N, H\)"),
    ],
)
@pytest.mark.parametrize("measure", similarity.MEASURES)
def test_what_cannot_be_compared_is_said(x, y, said, measure):
    with pytest.raises(UserError, match=said) as error:
        similarity.MEASURES[measure](x, y)
    assert "\n" not in str(error.value)


def test_sentences_that_are_equally_alike_give_no_debiased_number():
    with pytest.raises(UserError, match="no sentence is nearer"):
        cka.cka(np.eye(12), states(12))


def test_one_level_of_a_grid_that_is_constant_is_said():
    a = states(n=30, levels=3)
    a[1] = CONSTANT
    with pytest.raises(UserError, match="states are constant"):
        cka.grid(a, states(n=30, levels=2))


def test_too_many_windows_and_unknown_kernels_are_said():
    with pytest.raises(UserError, match="15 sentences in 4 windows are 3 a window"):
        cka.in_windows(states(15, levels=1), states(15, levels=1))
    with pytest.raises(UserError, match=r"unknown kernel 'rfb'.*did you mean 'rbf'"):
        cka.cka(*related(), "rfb")


# ---- neurons, floors, tables ---------------------------------------------------------------------


def test_anc_is_the_mean_of_plain_correlations_and_sees_a_permutation():
    x, y = states(), states(seed=1) + states()
    plain = np.mean([abs(np.corrcoef(x[:, i], y[:, i])[0, 1]) for i in range(12)])
    assert similarity.anc(x, y) == pytest.approx(plain, abs=ORACLE)
    moved = np.roll(x, 1, axis=1)
    assert similarity.anc(x, x) == pytest.approx(1) and similarity.anc(x, moved) < 0.5
    assert cka.cka(x, moved) == pytest.approx(1)


def test_a_dead_unit_is_left_out_of_anc():
    x, y = states(), states(seed=1) + states()
    wide = [np.hstack([side, np.ones((40, 1))]) for side in (x, y)]
    assert similarity.anc(*wide) == pytest.approx(similarity.anc(x, y))


def test_units_of_other_counts_are_not_paired():
    with pytest.raises(UserError, match="12 on one side, 9 on another"):
        similarity.anc(*related())


@pytest.mark.parametrize("n", [2, 9, 10, 25, 199])
def test_nobody_is_shuffled_to_itself_and_everybody_is_a_partner(n):
    lengths = np.random.default_rng(n).integers(3, 40, n)
    for partners in (similarity.shuffled_pairs(n), similarity.shuffled_pairs(n, 1, lengths)):
        assert sorted(partners) == list(range(n)) and (partners != np.arange(n)).all()


def test_partners_of_like_length_are_of_like_length():
    lengths = np.random.default_rng(0).integers(3, 60, 200)
    near = similarity.shuffled_pairs(200, 0, lengths)
    far = similarity.shuffled_pairs(200, 0)
    assert np.abs(lengths - lengths[near]).mean() < 0.2 * np.abs(lengths - lengths[far]).mean()


def test_the_floors_tell_shared_length_from_shared_meaning():
    """Units of a "language": meaning shared with the other, length shared, noise. Only pairs of
    like length keep the second; regressing length out leaves the first."""
    n = 400
    rng = np.random.default_rng(0)
    lengths = rng.integers(5, 60, n)
    shared, trace = rng.normal(size=(n, 4)), np.log(lengths)[:, None] * np.full(4, 3.0)
    a, b = (np.stack([np.hstack([shared, trace, rng.normal(size=(n, 4))])]) for _ in range(2))
    by = {"en": lengths, "fr": lengths}
    row = similarity.similarity_table(
        {"en": a, "fr": b}, [("en", "fr")], ["linear_debiased"], lengths=by
    ).iloc[0]
    assert row["value"] > row["floor_length"] > 0.5 and abs(row["floor"]) < 0.05
    free = [pooling.without_length(torch.from_numpy(side), lengths) for side in (a, b)]
    row = similarity.similarity_table(
        dict(zip(("en", "fr"), free, strict=True)), [("en", "fr")], ["linear_debiased"], lengths=by
    ).iloc[0]
    assert row["value"] > 0.3 and abs(row["floor_length"]) < 0.05


def test_a_table_has_a_row_a_pair_layer_and_measure():
    three = {lang: states(levels=2, seed=s) for s, lang in enumerate("abc")}
    pairs = [("a", "b"), ("a", "c")]
    same = similarity.similarity_table(three, pairs, list(similarity.MEASURES))
    assert len(same) == 2 * 2 * 4 and set(same["n"]) == {40} and same["floor"].notna().all()
    every = similarity.similarity_table(three, pairs, ["linear_debiased"], layers="all")
    assert len(every) == 2 * 4
    cell = every[(every["lang_b"] == "c") & (every["layer_a"] == 1) & (every["layer_b"] == 0)]
    assert cell["value"].item() == pytest.approx(cka.cka(three["a"][1], three["c"][0]))
    assert cell["floor"].isna().all()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"pairs": [("a", "z")]}, "unknown states 'z'"),
        ({"measures": ["cka"]}, "unknown measure 'cka'"),
        ({"layers": "each"}, "unknown layers 'each'"),
        ({"layers": "all"}, "units of two layers are not paired"),
        ({"lengths": {"a": [3] * 40}}, "unknown lengths 'b'"),
        ({"pairs": [("a", "few")]}, "'a' has 2 levels and 'few' 1"),
    ],
)
def test_a_table_that_cannot_be_made_is_said(more, said):
    sides = {"a": states(levels=2), "b": states(levels=2), "few": states(levels=1)}
    with pytest.raises(UserError, match=said):
        similarity.similarity_table(sides, **{"pairs": [("a", "b")], **more})


# ---- pooling -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sentences(bert):
    return encode_sentences(LINES, bert.tokenizer, 48)


def test_special_tokens_are_left_out_unless_asked_for(bert, sentences):
    """1e-5: float32 sums in another order, of numbers near 1."""
    model = bert.bare()
    without = pooling.pooled_states(model, sentences, bert.tokenizer)
    counted = pooling.pooled_states(model, sentences, bert.tokenizer, special=True)
    assert without.shape == (3, len(LINES), 16)  # embeddings and two layers, H
    for row, line in enumerate(LINES):
        alone = model(**bert.tokenizer(line, return_tensors="pt"), output_hidden_states=True)
        for tokens, found in ((slice(1, -1), without), (slice(None), counted)):
            means = torch.stack([level[0, tokens].mean(0) for level in alone.hidden_states])
            torch.testing.assert_close(found[:, row], means, rtol=1e-5, atol=1e-5)


def test_retrieval_pools_as_before(bert, sentences):
    model = bert.bare()
    ours = retrieval.pooled_states(model, sentences, bert.tokenizer)
    assert torch.equal(ours, pooling.pooled_states(model, sentences, bert.tokenizer, special=True))


def test_a_sentence_without_tokens_is_named(bert):
    empty = encode_sentences(["Karachi", " ", "Euro"], bert.tokenizer, 48)
    with pytest.raises(UserError, match=r"sentence 1 .* has no tokens"):
        pooling.pooled_states(bert.bare(), empty, bert.tokenizer)


def test_what_length_explains_is_gone_and_the_rest_stays():
    lengths = np.random.default_rng(0).integers(3, 50, 60)
    noise = torch.from_numpy(states(60, 5))
    traces = torch.from_numpy(np.stack([lengths, np.log(lengths), 1 / lengths], 1) @ states(3, 5))
    left = pooling.without_length(torch.stack([noise, noise + 4 * traces + 2]), lengths)
    torch.testing.assert_close(left[0], left[1], rtol=0, atol=1e-9)  # a solve in doubles
    for trace in (np.ones(60), lengths, np.log(lengths), 1 / lengths):
        assert np.abs(trace @ left[0].numpy()).max() < 1e-8


def test_lengths_that_are_equal_leave_states_centred():
    noise = torch.from_numpy(states(20, 5))
    left = pooling.without_length(noise, np.full(20, 7))
    torch.testing.assert_close(left, noise - noise.mean(0), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("lengths", "said"), [([3] * 19, "20 sentences have 19 lengths"), ([0] * 20, "length of 0")]
)
def test_lengths_that_do_not_fit_are_said(lengths, said):
    with pytest.raises(UserError, match=said):
        pooling.without_length(torch.from_numpy(states(20, 5)), np.array(lengths))
