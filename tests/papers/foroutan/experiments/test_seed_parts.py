"""What a seed shares: a head and an order of the examples that can be told apart."""

from dataclasses import replace

import pytest
import torch
import toys

from lnlib import Workbench, find_ticket
from lnlib.__main__ import main
from lnlib.base.errors import UserError
from lnlib.masks.excess import excess_table
from lnlib.masks.matrices import magnitudes
from lnlib.masks.overlap import jaccard
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.experiments import seed_parts
from lnlib.papers.foroutan.scales import levels_to
from lnlib.tasks.examples import training_order
from lnlib.training import workbench

SEEDS = {"head": 1, "head-other-text": 1, "order": 0}  # of the order: each one's own


@pytest.fixture
def one_head(bert):
    """Urdu NER, three steps a round, under seed 0's head whatever the seed."""
    return Workbench(bert, "ner", "ur", recipe=toys.RECIPE, head_seed=0)


def test_a_head_seed_fixes_the_head_and_leaves_the_order_to_the_seed(ner, one_head):
    drawn, fixed = ner.model(0).state_dict(), one_head.model(1).state_dict()
    assert all(torch.equal(drawn[name], fixed[name]) for name in drawn)
    # The same head and the same order: the same training. Another order: other first examples.
    assert one_head.train(0).losses == ner.train(0).losses
    assert one_head.train(1).losses[0] not in (ner.train(0).losses[0], ner.train(1).losses[0])


def test_a_search_under_a_fixed_head_is_not_taken_for_the_plain_one(ner, one_head, tmp_path):
    path = tmp_path / "ticket.safetensors"
    find_ticket(ner.encoder, "ner", "ur", seed=1, levels=[10], path=path, bench=one_head)
    with pytest.raises(UserError, match="another search"):
        find_ticket(ner.encoder, "ner", "ur", seed=1, levels=[10], path=path, bench=ner)


def test_every_part_is_compared_with_the_tickets_of_seed_0_and_none_is_searched_twice(
    bert, toy_scale, tmp_path, monkeypatch
):
    home, out = tmp_path / "runs", tmp_path / "results"
    seed_parts.measure("ner", ["ur", "en"], "demo", home, out, encoder_dir=bert.path)
    table = out / "foroutan/demo/seed_parts.csv"
    rows = tables.read(table).set_index(["parts", "lang", "other"])
    pairs = {(p, a, b) for p in seed_parts.PARTS for a in ("en", "ur") for b in ("en", "ur")}
    assert set(rows.index) == pairs - {("both", "en", "en"), ("both", "ur", "ur")}

    def ticket(lang, seed, part=""):
        return Ticket.load(places(home / part, "demo").ticket("ner", lang, seed))

    kept = {"both": ticket("ur", 0), "neither": ticket("ur", 1),
            "head": ticket("ur", 1, "seed_parts/head"),
            "head-other-text": ticket("ur", 1, "seed_parts/head-other-text"),
            "order": ticket("ur", 0, "seed_parts/order")}  # fmt: skip
    for part, own in kept.items():
        found = rows.loc[(part, "ur", "en"), "jaccard"]
        assert found == pytest.approx(jaccard(own, ticket("en", 0)), rel=1e-5)  # six digits

    # What each is said to have in common is what it was searched with.
    plain = Workbench(bert, "ner", "ur")
    other_text = seed_parts._unseen(plain, 0, None)
    asked = {"head": Workbench(bert, "ner", "ur", head_seed=0),
             "head-other-text": Workbench(bert, "ner", "ur", data=other_text, head_seed=0),
             "order": Workbench(bert, "ner", "ur", head_seed=1)}  # fmt: skip
    for part, bench in asked.items():
        path = places(home / "seed_parts" / part, "demo").ticket("ner", "ur", SEEDS[part])
        # refused where the file holds another search, searched no further where it holds this one
        find_ticket(bert, "ner", "ur", seed=SEEDS[part], levels=levels_to(50), bench=bench,
                    path=path, on_round=lambda *_: pytest.fail("another search"))  # fmt: skip

    # Departures from the encoder's own mask, by chance among weights of its sizes.
    untouched = find_ticket(bert, "ner", "ur", method="magnitude")
    pair = [kept["head"], ticket("en", 0)]
    one = excess_table(pair, untouched, magnitudes(bert.bare())).iloc[0]
    written = rows.loc[("head", "ur", "en"), ["shared", "expected_near"]].astype(float)
    assert written.tolist() == pytest.approx([one.shared, one.expected_near], rel=1e-5)

    before = table.read_bytes()
    monkeypatch.delattr(workbench.Workbench, "train")
    seed_parts.measure("ner", ["ur", "en"], "demo", home, out, encoder_dir=bert.path)
    assert table.read_bytes() == before


def test_other_text_is_every_sentence_that_the_first_seed_leaves_out_and_no_other(ner):
    order = training_order(ner.data.train.lengths, 4, 3, 0)  # a round: three steps of four
    seen = {int(i) for step in order for i in step}
    rest = seed_parts._unseen(ner, 0, None).train

    def sentence(data, i):
        return data.ids[data.offsets[i] : data.offsets[i + 1]].tolist()

    left = [sentence(ner.data.train, i) for i in range(24) if i not in seen]
    assert [sentence(rest, i) for i in range(len(rest))] == left and len(left) == 12

    every = Workbench(ner.encoder, "ner", "ur", recipe=replace(ner.recipe, steps=6), data=ner.data)
    assert seed_parts._unseen(every, 0, None) is None


def test_mlm_has_no_head_to_draw(tmp_path):
    with pytest.raises(UserError, match=r"pre-trained head.*try ner or xnli"):
        main(
            [
                "foroutan",
                "seed-parts",
                "--task",
                "mlm",
                "--runs",
                str(tmp_path),
                "--results",
                str(tmp_path),
            ]
        )
    assert not list(tmp_path.iterdir())
