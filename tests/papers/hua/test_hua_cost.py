"""What a grid will cost: the work is counted as arithmetic by hand has it, and told in words."""

from dataclasses import replace

import pytest

from lnlib.__main__ import main
from lnlib.papers.hua import grid
from lnlib.papers.hua.experiments import cost
from lnlib.papers.hua.recipes import Recipe, Size
from lnlib.papers.hua.scales import SCALES

PAPER = SCALES["paper"]


def test_the_papers_network_takes_the_operations_that_arithmetic_gives():
    """20 million games of 59 tokens, nine times; 25.2 M weights in blocks and 62 k in the head, and
    attention to the half that lies behind."""
    (run,) = grid.plan(PAPER, ["alignment"], ["atomic,atomic"], ["naive"], [0])
    found = cost.cost([run], PAPER, cost.Measured(rate=1e15, activations=1.0, state=0.0))
    tokens = 9 * 20e6 * 59
    by_hand = tokens * 6 * (8 * 12 * 512**2 + 121 * 512 + 59 * 512 * 8)
    # batches are whole: 19,531 of 1,024 games are 20 million and 256
    assert found["PFLOP"].item() == pytest.approx(by_hand / 1e15, rel=1e-3)
    assert found["hours"].item() == pytest.approx(by_hand / 1e15 / 3600, rel=1e-3)
    assert found["memory, GB"].item() == pytest.approx(1024 * 59 / 1e9)


def test_every_test_of_a_network_is_counted():
    whole = {run.network.task: cost.work(run.network, SCALES["demo"]) for run in grid.plan()}
    steps = {task: sum(part.steps for part in parts) for task, parts in whole.items()}
    masks = SCALES["demo"].masks.training.steps
    assert steps == {
        "alignment": 800, "transfer": 900 + 240, "lesions": 0,
        "overlap": 4 * 5 * masks,  # two samples in each of two languages, to 50 %
        # two tickets from there to 90 %; in each language the whole network, and at three levels
        # two tickets and two controls
        "exchange": 2 * 4 * masks + 2 * (1 + 4 * 3) * masks,
        "early": 160 + 4 * 5 * masks, "long": 4 * 4 * 5 * masks,
    }  # fmt: skip


def test_a_grid_says_what_it_will_cost(monkeypatch, capsys):
    toy = replace(SCALES["demo"], size=Size(2, 16, 2), training=Recipe(4, 8, 5e-3, 1))
    monkeypatch.setitem(SCALES, "demo", toy)
    main(["hua", "cost", "--languages", "atomic+atomic", "--tasks", "alignment,overlap"])
    said = capsys.readouterr().out
    assert "overlap atomic,atomic" in " ".join(said.split()) and "hours on this CPU" in said
    assert "% of a H200's peak" in said
