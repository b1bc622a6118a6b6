"""What tickets share beyond the large weights: counted by hand, and by chance where by chance."""

import numpy as np
import pytest

from lnlib import find_ticket
from lnlib.base.errors import UserError
from lnlib.masks.excess import BINS, excess_table
from lnlib.masks.matrices import Matrix, magnitudes, prunable
from lnlib.masks.ticket import Ticket
from lnlib.masks.ticket_file import Record
from lnlib.tasks.ner import NER

WEIGHTS = 64_000
MATRIX = Matrix("layer.0.weight", "layer", 0, "dense", WEIGHTS)
SIZES = {MATRIX.name: np.arange(WEIGHTS, dtype=np.float32)}  # the first half is the small one


def ticket(pruned, method="ticket", lang="en", fingerprint="f00"):
    record = Record(method, "ner", lang, 0, "demo", (50,), "toy", fingerprint)
    empty = Ticket.empty(record, {MATRIX: (WEIGHTS,)})
    return empty.pruned({MATRIX.name: np.sort(np.asarray(pruned))})


SMALL = np.arange(WEIGHTS // 2)
UNTOUCHED = ticket(SMALL, "magnitude")


def swapped(small, large, lang):
    """The magnitude mask, but for keeping some small weights and pruning some large ones."""
    return ticket(np.union1d(np.setdiff1d(SMALL, small), large), lang=lang)


def test_departures_of_a_hand_made_pair():
    a = swapped([1, 2, 3, 4], [40_000, 40_001, 40_002, 40_003], "en")
    b = swapped([3, 4, 5, 6], [40_003, 50_000, 50_001, 50_002], "ur")
    row = excess_table([a, b], UNTOUCHED, SIZES).iloc[0]
    assert row.shared == pytest.approx(3 / 13)  # 3, 4 and 40,003 of the thirteen
    assert row.departed_a == row.departed_b == 8 / WEIGHTS
    # 4 of the 32,000 small and 4 of the large each: 2 x 4 x 4 / 32,000 in common by chance
    assert row.expected == pytest.approx(0.001 / (16 - 0.001))
    # the small ones all fall among the 1,000 smallest, 40,000 to 40,003 and 50,000 on do not meet
    near = 4 * 4 / (WEIGHTS / BINS) + 4 * 1 / (WEIGHTS / BINS)
    assert row.expected_near == pytest.approx(near / (16 - near))


def in_bools(tickets, untouched, sizes):
    """The table's numbers from whole masks, a bool a weight, as the definition says it."""
    both = chance = near = 0
    for matrix in untouched.matrices:
        large = untouched.kept(matrix.name, 50).ravel()
        departed = np.stack([t.kept(matrix.name, 50).ravel() for t in tickets]) != large
        ranks = sizes[matrix.name].ravel().argsort(kind="stable").argsort()
        both = both + departed.astype(int) @ departed.T.astype(int)
        levels = []
        for stratum in (large + 0, 2 * (ranks * BINS // matrix.weights) + large):
            counts = np.stack([np.bincount(stratum[d], minlength=2 * BINS) for d in departed])
            size = np.bincount(stratum, minlength=2 * BINS)
            levels.append(counts @ (counts / np.maximum(size, 1)).T)
        chance, near = chance + levels[0], near + levels[1]
    pairs = np.triu_indices(len(tickets), 1)
    either = np.add.outer(np.diag(both), np.diag(both))
    return [(part / (either - part))[pairs].tolist() for part in (both, chance, near)]


@pytest.mark.parametrize("packed", [False, True], ids=["tickets", "bits"])
def test_bits_give_the_numbers_of_whole_masks_to_the_digit(packed):
    rng = np.random.default_rng(0)
    layers = [
        Matrix(f"layer.{n}.weight", "layer", n, "dense", w) for n, w in enumerate((77, 3_001))
    ]
    sizes = {m.name: rng.random(m.weights, np.float32).reshape(-1, 1) for m in layers}

    def made(method, lang):
        record = Record(method, "ner", lang, 0, "demo", (10, 50), "toy", "f00")
        codes = {m.name: rng.integers(0, 3, (m.weights, 1), np.uint8) for m in layers}
        return Ticket(record, layers, codes)

    untouched, *many = [made("magnitude", ""), *(made("ticket", lang) for lang in "abcd")]
    expected = in_bools(many, untouched, sizes)
    if packed:
        untouched, *many = [ticket.packed(50) for ticket in (untouched, *many)]
    table = excess_table(many, untouched, sizes)
    assert table[["shared", "expected", "expected_near"]].T.to_numpy().tolist() == expected


def test_pairs_that_are_asked_for_come_in_their_order():
    a, b = swapped([1, 2, 3], [40_000], "en"), swapped([3], [40_000, 40_001], "ur")
    c = swapped([], [50_000], "de")
    table = excess_table([a, b, c], UNTOUCHED, SIZES, pairs=[(1, 0), (2, 1), (0, 1)])
    assert table[["lang_a", "lang_b"]].to_numpy().tolist() == [
        ["ur", "en"], ["de", "ur"], ["en", "ur"]
    ]  # fmt: skip
    assert table.departed_a.tolist() == [3 / WEIGHTS, 1 / WEIGHTS, 4 / WEIGHTS]
    assert table.departed_b.tolist() == [4 / WEIGHTS, 3 / WEIGHTS, 3 / WEIGHTS]
    assert table.shared.tolist() == [2 / 5, 0, 2 / 5]


@pytest.mark.parametrize("reach, level", [(WEIGHTS // 2, "expected"), (1_000, "expected_near")])
def test_departures_at_random_share_what_is_expected(reach, level):
    # Each departs on 500 small and 500 large weights out of `reach` either side of the threshold.
    rng = np.random.default_rng(0)
    half = WEIGHTS // 2
    made = [
        swapped(half - 1 - rng.permutation(reach)[:500], half + rng.permutation(reach)[:500], lang)
        for lang in ("en", "fr", "de", "zh", "ru", "es")
    ]
    table = excess_table(made, UNTOUCHED, SIZES)
    # 15 pairs that share m = 2 x 500 x 500 / reach weights each, nearly Poisson: four standard
    # errors of their mean are 4 / sqrt(15 m) of it (27 % for m = 15.6, 5 % for m = 500)
    tolerance = 4 / np.sqrt(15 * 2 * 500 * 500 / reach)
    assert table.shared.mean() == pytest.approx(table[level].mean(), rel=tolerance)


def test_without_the_sizes_near_misses_would_pass_for_agreement():
    rng = np.random.default_rng(0)
    half = WEIGHTS // 2
    made = [swapped(half - 1 - rng.permutation(1_000)[:500], half + rng.permutation(1_000)[:500], k)
            for k in ("en", "ur")]  # fmt: skip
    row = excess_table(made, UNTOUCHED, SIZES).iloc[0]
    assert row.shared > 10 * row.expected


def test_sizes_are_those_of_the_matrices_a_ticket_has(bert):
    sizes = magnitudes(bert.bare())
    for matrix, weight in prunable(bert.model(NER)).items():
        assert (sizes[matrix.name] == weight.detach().abs().numpy()).all()


def test_the_untouched_mask_departs_nowhere(bert):
    untouched = find_ticket(bert, "ner", "ur", method="magnitude", levels=(50,))
    row = excess_table([untouched] * 2, untouched, magnitudes(bert.bare())).iloc[0]
    assert (row.departed_a, row.shared) == (0, 1)


def test_what_cannot_be_compared_is_refused_as_overlap_refuses_it():
    with pytest.raises(UserError, match="no tickets to compare"):
        excess_table([], UNTOUCHED, SIZES)
    with pytest.raises(UserError, match=r"different encoders.*fingerprint, f00 and f01"):
        excess_table([ticket(SMALL, fingerprint="f01")], UNTOUCHED, SIZES)
    with pytest.raises(UserError, match=r"sizes of another encoder.*layer\.0\.weight"):
        excess_table([ticket(SMALL)], UNTOUCHED, {"layer.1.weight": SIZES[MATRIX.name]})


def test_a_ticket_of_other_matrices_is_refused_by_the_one_that_is_odd():
    other = Matrix("layer.1.weight", "layer", 1, "dense", WEIGHTS)
    record = Record("ticket", "ner", "ur", 0, "demo", (50,), "toy", "f00")
    foreign = Ticket.empty(record, {other: (WEIGHTS,)}).pruned({other.name: SMALL})
    with pytest.raises(UserError, match=r"different encoders.*differ in layer\.0\.weight"):
        excess_table([foreign], UNTOUCHED, SIZES)


def test_only_a_magnitude_ticket_is_the_origin():
    with pytest.raises(UserError, match="magnitude ticket"):
        excess_table([UNTOUCHED], ticket(SMALL), SIZES)
