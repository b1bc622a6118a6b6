"""Tags and trees: encoded, scored, read out, on a random encoder of width 16."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from lnlib.base.errors import UserError
from lnlib.corpora.loading import Corpus
from lnlib.corpora.treebanks import RELATIONS, UPOS, Sentence
from lnlib.papers.muller.reinitialisation import Block, reinitialise
from lnlib.tasks.examples import IGNORE
from lnlib.tasks.pos import POS
from lnlib.tasks.task import encode, shuffled
from lnlib.tasks.trees import parsing
from lnlib.tasks.trees.biaffine import Biaffine, Parser, best_tree
from lnlib.tasks.trees.parsing import LOST, PARSING
from lnlib.training.loop import train
from lnlib.training.recipe import Recipe
from lnlib.training.scoring import score
from lnlib.training.trial import try_out

R = len(RELATIONS)


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


def encoded(task, sentences, bert, most=48):
    return task.encode([s.example for s in sentences], bert.tokenizer, most, len(sentences))


def batch(task, data, bert):
    return task.collate(data, np.arange(len(data)), bert.tokenizer, 0)


def codes(heads, relations):
    return [h * R + RELATIONS.index(r) for h, r in zip(heads, relations, strict=True)]


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
    arcs = head.arcs(words, torch.ones(2, 3, dtype=torch.bool))
    chosen = torch.tensor([[0, 1, 1], [2, 0, 2]])
    given, every = head.relations(words, chosen), head.relations(words)
    for b in range(2):
        heads = [head.root, *words[b]]
        for w in range(3):
            word = torch.cat([head.arc_word(words[b, w]), torch.ones(1)])
            row = torch.stack([word @ head.arc @ head.arc_head(state) for state in heads])
            row[w + 1] = -torch.inf
            torch.testing.assert_close(arcs[b, w].exp(), row.softmax(0), rtol=1e-5, atol=1e-5)
            own = torch.cat([head.label_word(words[b, w]), torch.ones(1)])
            for h in range(4):
                other = torch.cat([head.label_head(heads[h]), torch.ones(1)])
                row = torch.stack([own @ head.label[r] @ other for r in range(3)]).log_softmax(0)
                torch.testing.assert_close(every[b, w, h], row, rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(given[b, w], every[b, w, chosen[b, w]])


def test_padding_is_nobodys_head_and_changes_no_score(head):
    words = torch.randn(1, 3, 6)
    alone = head.arcs(words, torch.ones(1, 3, dtype=torch.bool))
    padded = torch.cat([words, torch.randn(1, 2, 6)], dim=1)
    there = torch.tensor([[True, True, True, False, False]])
    arcs = head.arcs(padded, there)
    assert (arcs[:, :, 4:] < -1e8).all() and arcs.isfinite().all()
    torch.testing.assert_close(arcs[:, :3, :4], alone)


# ---- sentences to batches ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(bert):
    return encoded(PARSING, SENTENCES, bert)


def test_a_batch_has_words_in_columns_with_their_labels(bert, data):
    firsts, there, labels = parsing.columns_of(batch(PARSING, data, bert).labels)
    assert there.sum(1).tolist() == [3, 6, 1]
    for row, one in enumerate(SENTENCES):
        pieces = bert.tokenizer([list(one.words)], is_split_into_words=True).word_ids(0)
        own = [pieces.index(word) for word in range(len(one.words))]
        assert firsts[row, : len(own)].tolist() == own
        assert labels[row, : len(own)].tolist() == codes(one.heads, one.relations)
    assert labels[0, 3:].tolist() == [IGNORE] * 3


def test_words_without_a_piece_are_lost_and_heads_below_them_not_learnt(bert):
    data = encoded(PARSING, [GHOST], bert)
    assert data.seen == [[0, 2, 3]] and data.lost_words == 1
    _, _, labels = parsing.columns_of(batch(PARSING, data, bert).labels)
    dep, root = RELATIONS.index("dep"), RELATIONS.index("root")
    assert labels.tolist() == [[2 * R + dep, root, LOST]]  # Karachi's is Lusaka, in column 1
    assert data.gold == [codes(GHOST.heads, GHOST.relations)]
    perfect = [[2 * R + dep, root, 1 * R + dep]]  # the last is wrong: its head has no column
    assert parsing.attachment(data, perfect) == parsing.Attachment(50, 50, 4)


def test_words_that_were_cut_off_count_as_wrong(bert):
    long = sentence("Karachi " * 20)
    for task in (PARSING, POS):
        data = encoded(task, [long], bert, most=12)
        kept = len(data.seen[0])
        assert kept < 20
        right = [data.labels[data.labels != IGNORE].tolist()]
        assert task.score(data, (), right, 0.0) == pytest.approx(100 * kept / 20)


def test_a_batch_without_a_word_costs_nothing_and_reads_as_nothing(bert):
    """Sentences of characters that have no piece."""
    data = encoded(PARSING, [sentence("\u200b \u200b")] * 2, bert)
    model = bert.model(PARSING)
    made = batch(PARSING, data, bert)
    loss, logits = PARSING.loss(model, made)
    loss.backward()
    assert loss.item() == 0 and PARSING.read(logits, made) == [[], []]


# ---- training and scoring ------------------------------------------------------------------------

RECIPE = Recipe(3, 3, steps=60, batch_size=3, learning_rate=5e-3, max_tokens=48)


def task_data(task, bert, sentences=SENTENCES, labels=()):
    rows = [s.example for s in sentences]
    corpus = Corpus(task.name, "en", labels, rows, rows, "made up")
    return encode(task, corpus, bert.tokenizer, 48, (len(rows), len(rows)))


@pytest.mark.parametrize("task", [PARSING, POS])
def test_three_sentences_are_learnt_by_heart(bert, task):
    """Through the one loop and the one scoring, 60 steps: nearly every label is right. Dropout is
    on, so one word in ten may be wrong."""
    data = task_data(task, bert, labels=UPOS if task is POS else RELATIONS)
    try_out(bert, data)
    model = bert.model(task, data.labels)
    before = score(model, data, RECIPE, bert.tokenizer, 0)
    train(model, data, RECIPE, bert.tokenizer, 0)
    found = score(model, data, RECIPE, bert.tokenizer, 0)
    assert found.value >= 90 > before.value and found.loss < 0.3 * before.loss
    assert (found.metric, found.n) == (task.metric, 3)


def test_the_loss_at_the_start_is_that_of_a_guess(bert, data):
    """All scores are 0 at first: ln of the candidates, W for a word of W (root or another), and of
    the relations. The log-probabilities of a label are the sum."""
    loss, logits = PARSING.loss(bert.model(PARSING), batch(PARSING, data, bert))
    heads = np.concatenate([[np.log(len(s.words))] * len(s.words) for s in SENTENCES]).mean()
    assert loss.item() == pytest.approx(heads + np.log(R), abs=1e-5)
    assert logits[0, 0, 2, 0].item() == pytest.approx(-np.log(3) - np.log(R), abs=1e-5)


def test_what_is_read_is_the_best_tree_with_the_best_relations(bert, data):
    """Log-probabilities made up: the gold label of each word is likeliest by far."""
    made = batch(PARSING, data, bert)
    _, there, labels = parsing.columns_of(made.labels)
    logits = torch.full((3, 6, 7, R), -20.0)
    for row, column in there.nonzero():
        head, relation = divmod(int(labels[row, column]), R)
        logits[row, column, head, relation] = -0.1
    said = PARSING.read(logits, made)
    assert said == [codes(s.heads, s.relations) for s in SENTENCES]
    assert PARSING.score(data, (), said, 0.0) == 100


def test_a_head_depends_on_its_seed_and_the_encoder_stays_in_place(bert):
    one, same, other = (bert.model(PARSING, (), seed) for seed in (0, 0, 1))
    key = "head.arc_word.0.weight"
    assert torch.equal(one.state_dict()[key], same.state_dict()[key])
    assert not torch.equal(one.state_dict()[key], other.state_dict()[key])
    before = {name: values.clone() for name, values in one.state_dict().items()}
    reinitialise(one, Block("1", (1,)), 0)
    changed = {n for n, v in one.state_dict().items() if not torch.equal(v, before[n])}
    assert changed and all(name.startswith("encoder.encoder.layer.1.") for name in changed)


def test_attachment_counts_every_word_or_leaves_punctuation_out(bert):
    data = encoded(PARSING, SENTENCES[1:2], bert)
    heads, names = list(SENTENCES[1].heads), list(SENTENCES[1].relations)
    heads[4], names[2] = 1, "det"  # the comma's head; a right head with a wrong relation
    said = [codes(heads, names)]
    every = parsing.attachment(data, said)
    keep = parsing.no_punctuation([SENTENCES[1].example])
    words = parsing.attachment(data, said, keep)
    assert (every.n, words.n) == (6, 5)
    assert every.uas == pytest.approx(100 * 5 / 6) and every.las == pytest.approx(100 * 4 / 6)
    assert words.uas == 100 and words.las == pytest.approx(80)
    with pytest.raises(UserError, match="no word to score"):
        parsing.attachment(data, said, [[False] * 6])


def test_the_floor_is_the_better_neighbour_with_the_commonest_relation(bert):
    """To the left: the chain has 4 of 4 and the other 1 of 3; to the right 0 and 1."""
    data = encoded(PARSING, [sentence("Euro a b c"), sentence("Euro a b", (3, 3, 0))], bert)
    found = parsing.floor(data)
    assert found.uas == pytest.approx(100 * 4 / 7) and found.las == pytest.approx(100 * 3 / 7)


def test_shuffled_heads_are_others_and_relations_stay(bert):
    data = task_data(PARSING, bert, [*SENTENCES, GHOST] * 5)
    before, after = data.train.labels, shuffled(data, 0).train.labels
    assert ((before == LOST) == (after == LOST)).all()
    assert ((before == IGNORE) == (after == IGNORE)).all()
    known = before >= 0
    assert (before[known] % R == after[known] % R).all() and (before != after).any()
    made = batch(PARSING, shuffled(data, 0).train, bert)
    _, _, labels = parsing.columns_of(made.labels)
    own = torch.arange(labels.shape[1]) + 1
    assert ((labels // R != own) | (labels < 0)).all()  # nobody is its own head


def test_tags_are_scored_over_words(bert):
    data = encoded(POS, [*SENTENCES, GHOST], bert)
    said = [[UPOS.index(tag) for tag in s.tags] for s in SENTENCES] + [[UPOS.index("NOUN")] * 3]
    assert POS.score(data, UPOS, said, 0.0) == pytest.approx(100 * 13 / 14)  # the ghost is lost
    said[0][0] = UPOS.index("X")
    assert POS.score(data, UPOS, said, 0.0) == pytest.approx(100 * 12 / 14)


def test_the_floor_of_tags_is_the_share_of_the_commonest(bert):
    assert POS.floor(encoded(POS, SENTENCES, bert)) == pytest.approx(100 * 4 / 10)  # PROPN


def test_an_encoder_without_a_width_is_said():
    with pytest.raises(UserError, match="Linear has no config that names its hidden_size"):
        Parser(nn.Linear(2, 2))
