"""Tags and trees: encoded, scored, read out, on a random encoder of width 16."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from lnlib.base.errors import UserError
from lnlib.corpora.treebanks import RELATIONS, UPOS, Sentence
from lnlib.papers.muller import parsing, pos
from lnlib.papers.muller.biaffine import Biaffine, Parser, best_tree
from lnlib.papers.muller.reinitialisation import Block, reinitialise
from lnlib.tasks.examples import IGNORE, collate


def sentence(words, heads=None, tags=None, relations=None, name="s"):
    """By default a chain below its first word."""
    words = tuple(words.split())
    heads = tuple(heads or range(len(words)))
    tags = tuple(tags or ("NOUN",) * len(words))
    relations = tuple(relations or ["root" if head == 0 else "dep" for head in heads])
    return Sentence(name, " ".join(words), words, tags, heads, relations)


SENTENCES = [
    sentence("Karachi and Lusaka", (2, 0, 2), ("PROPN", "CCONJ", "PROPN"), ("cc", "root", "conj")),
    sentence("Rwanda has 30 years , Euro", (2, 0, 4, 2, 6, 4),
             ("PROPN", "VERB", "NUM", "NOUN", "PUNCT", "PROPN"),
             ("nsubj", "root", "nummod", "obj", "punct", "appos")),
    sentence("Euro"),
]  # fmt: skip
# A word of characters that the tokenizer drops has no piece: U+200B is a format character.
GHOST = sentence("Karachi \u200b Lusaka Euro", (3, 1, 0, 2))


def index(data):
    return np.arange(len(data))


# ---- trees ---------------------------------------------------------------------------------------


def is_tree(heads):
    """One root, and every word below it."""
    if list(heads).count(0) != 1:
        return False
    for word in range(1, len(heads) + 1):
        steps = 0
        while word and steps <= len(heads):
            word, steps = heads[word - 1], steps + 1
        if word:
            return False
    return True


@pytest.mark.parametrize("words", [1, 2, 3, 4])
def test_the_best_tree_is_the_best_of_all(words):
    """Every assignment of heads is tried. Scores in steps of a half give ties and zeros, which the
    library could take for no arc; half of the draws are far from 0, as log-probabilities may be."""
    rng = np.random.default_rng(words)
    trees = [h for h in product(range(words + 1), repeat=words) if is_tree(h)]
    for draw in range(60):
        arcs = -0.5 * rng.integers(0, 8, (words, words + 1)) - 100.0 * (draw % 2)
        arcs[np.arange(words), np.arange(words) + 1] = -np.inf  # itself
        found = best_tree(arcs)
        assert is_tree(found)
        totals = [arcs[np.arange(words), list(heads)].sum() for heads in trees]
        assert arcs[np.arange(words), found].sum() == max(totals)


def test_there_is_one_root_however_likely_a_second():
    arcs = np.full((30, 31), -50.0)
    arcs[:, 0] = 0
    assert is_tree(best_tree(arcs))


def test_scores_that_are_not_finite_are_said():
    with pytest.raises(UserError, match="the parser has diverged"):
        best_tree(np.full((3, 4), np.nan))


# ---- the head ------------------------------------------------------------------------------------


@pytest.fixture
def head():
    """Small, with weights that are not 0."""
    torch.manual_seed(0)
    made = Biaffine(6, arc=5, label=4, relations=3, dropout=0.0).eval()
    for parameter in made.parameters():
        nn.init.normal_(parameter)
    return made


def test_scores_are_those_of_plain_loops(head):
    """1e-5: float32 sums of a few dozen products of numbers near 1, in another order."""
    words = torch.randn(2, 3, 6)
    there = torch.ones(2, 3, dtype=torch.bool)
    arcs = head.arcs(words, there)
    chosen = torch.tensor([[0, 1, 1], [2, 0, 2]])
    labels = head.labels(words, chosen)
    for b in range(2):
        heads = [head.root, *words[b]]
        for w in range(3):
            word = torch.cat([head.arc_word(words[b, w]), torch.ones(1)])
            for h in range(4):
                expected = word @ head.arc @ head.arc_head(heads[h])
                if h == w + 1:
                    expected = torch.tensor(-torch.inf)
                torch.testing.assert_close(arcs[b, w, h], expected, rtol=1e-5, atol=1e-5)
            own = torch.cat([head.label_word(words[b, w]), torch.ones(1)])
            other = torch.cat([head.label_head(heads[chosen[b, w]]), torch.ones(1)])
            for r in range(3):
                expected = own @ head.label[r] @ other
                torch.testing.assert_close(labels[b, w, r], expected, rtol=1e-5, atol=1e-5)


def test_padding_is_nobodys_head_and_changes_no_score(head):
    words = torch.randn(1, 3, 6)
    alone = head.arcs(words, torch.ones(1, 3, dtype=torch.bool))
    padded = torch.cat([words, torch.randn(1, 2, 6)], dim=1)
    there = torch.tensor([[True, True, True, False, False]])
    arcs = head.arcs(padded, there)
    assert torch.isneginf(arcs[:, :, 4:]).all()
    torch.testing.assert_close(arcs[:, :3, :4], alone)


# ---- sentences to batches ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(bert):
    return parsing.encode(SENTENCES, bert.tokenizer, 48)


def test_a_batch_has_first_pieces_heads_and_relations_in_columns(bert, data):
    made = parsing.batch(data, index(data), bert.tokenizer)
    assert made.there.sum(1).tolist() == [3, 6, 1]
    assert made.heads[0].tolist() == [2, 0, 2, IGNORE, IGNORE, IGNORE]
    assert [RELATIONS[r] for r in made.relations[1]] == list(SENTENCES[1].relations)
    for row, one in enumerate(SENTENCES):
        pieces = bert.tokenizer([list(one.words)], is_split_into_words=True).word_ids(0)
        firsts = [pieces.index(word) for word in range(len(one.words))]
        assert made.firsts[row, : len(firsts)].tolist() == firsts


def test_words_without_a_piece_are_lost_and_heads_below_them_not_learnt(bert):
    data = parsing.encode([GHOST], bert.tokenizer, 48)
    assert data.encoded.seen == [[0, 2, 3]]
    made = parsing.batch(data, index(data), bert.tokenizer)
    assert made.heads.tolist() == [[2, 0, IGNORE]]  # Karachi's is Lusaka, now in column 1
    (found,) = parsing.read(parsing.model(bert), data, index(data), made)
    assert found.heads[1] is None and found.relations[1] is None
    assert {found.heads[word] for word in (0, 2, 3)} <= {0, 1, 3, 4}


def test_words_that_were_cut_off_count_as_wrong(bert):
    long = sentence("Karachi " * 20)
    data = parsing.encode([long], bert.tokenizer, 12)
    kept = len(data.encoded.seen[0])
    assert kept < 20
    made = parsing.batch(data, index(data), bert.tokenizer)
    perfect = parsing.Parse(
        [head if word < kept else None for word, head in enumerate(long.heads)],
        [name if word < kept else None for word, name in enumerate(long.relations)],
    )
    assert parsing.score([long], [perfect]).las == pytest.approx(100 * kept / 20)
    (found,) = parsing.read(parsing.model(bert), data, index(data), made)
    assert found.heads[kept:] == [None] * (20 - kept) and None not in found.heads[:kept]
    tags = pos.encode([long], bert.tokenizer, 12)
    right = [[UPOS.index("NOUN")] * kept]
    assert pos.score(tags, right) == pytest.approx(100 * kept / 20)


# ---- training and scoring ------------------------------------------------------------------------


def test_a_parser_learns_its_sentences_by_heart(bert, data):
    """60 steps on three sentences, without dropout: every head and relation is right."""
    parser = parsing.model(bert)
    parser.eval()
    made = parsing.batch(data, index(data), bert.tokenizer)
    optimizer = torch.optim.Adam(parser.parameters(), lr=5e-3)
    first = parsing.loss(parser, made).item()
    for _ in range(60):
        optimizer.zero_grad()
        parsing.loss(parser, made).backward()
        optimizer.step()
    assert parsing.loss(parser, made).item() < 0.1 * first
    parses = parsing.read(parser, data, index(data), made)
    assert parsing.score(SENTENCES, parses) == parsing.Attachment(100, 100, 10)


def test_the_loss_at_the_start_is_that_of_a_guess(bert, data):
    """All scores are 0 at first: ln of the candidates, W for a word of W (root or another), and of
    the relations."""
    made = parsing.batch(data, index(data), bert.tokenizer)
    heads = np.concatenate([[np.log(len(s.words))] * len(s.words) for s in SENTENCES]).mean()
    loss = parsing.loss(parsing.model(bert), made).item()
    assert loss == pytest.approx(heads + np.log(len(RELATIONS)), abs=1e-5)


def test_a_head_depends_on_its_seed_and_the_encoder_stays_in_place(bert):
    one, same, other = (parsing.model(bert, seed) for seed in (0, 0, 1))
    key = "head.arc_word.0.weight"
    assert torch.equal(one.state_dict()[key], same.state_dict()[key])
    assert not torch.equal(one.state_dict()[key], other.state_dict()[key])
    before = {name: values.clone() for name, values in one.state_dict().items()}
    reinitialise(one, Block("1", (1,)), 0)
    changed = {n for n, v in one.state_dict().items() if not torch.equal(v, before[n])}
    assert changed and all(name.startswith("encoder.encoder.layer.1.") for name in changed)


def test_attachment_counts_every_word_or_leaves_punctuation_out():
    heads = list(SENTENCES[1].heads)
    names = list(SENTENCES[1].relations)
    heads[4], names[2] = 1, "det"  # the comma's head; a right head with a wrong relation
    parse = [parsing.Parse(heads, names)]
    every = parsing.score(SENTENCES[1:2], parse)
    words = parsing.score(SENTENCES[1:2], parse, punctuation=False)
    assert (every.n, words.n) == (6, 5)
    assert every.uas == pytest.approx(100 * 5 / 6) and every.las == pytest.approx(100 * 4 / 6)
    assert words.uas == 100 and words.las == pytest.approx(80)


def test_the_floor_is_the_better_neighbour_with_the_commonest_relation():
    """To the left: the chain has 4 of 4 and the other 1 of 3; to the right 0 and 1."""
    chain = sentence("a b c d")
    other = sentence("a b c", (3, 3, 0))
    found = parsing.floor([chain, other])
    assert found.uas == pytest.approx(100 * 4 / 7) and found.las == pytest.approx(100 * 3 / 7)


def test_tags_are_read_at_first_pieces_and_scored_over_words(bert):
    data = pos.encode([*SENTENCES, GHOST], bert.tokenizer, 48)
    made = collate(data, index(data), bert.tokenizer)
    gold = [[UPOS.index(tag) for tag in s.tags] for s in SENTENCES] + [[UPOS.index("NOUN")] * 3]
    logits = torch.zeros(*made.labels.shape, len(UPOS))
    at = made.labels != IGNORE
    logits[at, made.labels[at]] = 1
    assert pos.read(logits, made.labels) == gold
    assert pos.score(data, gold) == pytest.approx(100 * 13 / 14)  # the ghost is lost
    gold[0][0] = UPOS.index("X")
    assert pos.score(data, gold) == pytest.approx(100 * 12 / 14)
    expected = -torch.log_softmax(torch.tensor([1.0] + [0.0] * 16), 0)[0]
    torch.testing.assert_close(pos.loss(logits, made.labels), expected)


def test_the_floor_of_tags_is_the_share_of_the_commonest():
    assert pos.floor(SENTENCES) == pytest.approx(100 * 4 / 10)  # PROPN


def test_what_cannot_be_encoded_or_scored_is_said(bert, data):
    bare = Sentence("s7", "a", ("a",), ("X",))
    with pytest.raises(UserError, match="sentence 's7' has no tree"):
        parsing.encode([*SENTENCES, bare], bert.tokenizer, 48)
    with pytest.raises(UserError, match="no sentences to encode"):
        parsing.encode([], bert.tokenizer, 48)
    with pytest.raises(UserError, match="parses are not of the sentences"):
        parsing.score(SENTENCES, [parsing.Parse([0], ["root"])])
    comma = sentence(",", tags=["PUNCT"])
    with pytest.raises(UserError, match="no word to score"):
        parsing.score([comma], [parsing.Parse([0], ["root"])], punctuation=False)
    with pytest.raises(UserError, match="tags are not of the sentences"):
        pos.score(data.encoded, [[0]])
    with pytest.raises(UserError, match="Linear has no config that names its hidden_size"):
        Parser(nn.Linear(2, 2))
