"""One run: what is on disk is found again, and nothing else is taken for it."""

from dataclasses import replace

import toys

from lnlib import Workbench
from lnlib.encoders import load_encoder
from lnlib.papers.foroutan.doors import places, ticket_at
from lnlib.papers.foroutan.scales import levels_to
from lnlib.results import runs
from lnlib.tasks.task import shuffled


def test_a_measurement_is_the_tables_row_the_first_time_too(ner, tmp_path):
    """A table keeps six digits of a score, and every reader gets these."""
    first, second = (runs.measure(ner, None, 0, 0, tmp_path) for _ in range(2))
    assert first["value"] > 0 and first.to_dict() == second.to_dict()


def test_a_score_of_another_recipe_other_data_or_another_encoder_is_not_served(ner, tmp_path):
    other = toys.save_encoder(tmp_path / "other", seed=1)
    benches = [
        Workbench(ner.encoder, "ner", "ur", recipe=replace(ner.recipe, clip=0.5), data=ner.data),
        Workbench(ner.encoder, "ner", "ur", recipe=ner.recipe, data=shuffled(ner.data, 0)),
        Workbench(load_encoder(str(other)), "ner", "ur", recipe=ner.recipe, data=ner.data),
    ]
    runs.measure(ner, None, 0, 0, tmp_path)
    for bench in benches:
        row = runs.measure(bench, None, 0, 0, tmp_path)
        made = bench.recipe.hash, bench.data.fingerprint, bench.encoder.fingerprint
        assert (row["recipe"], row["data"], row["encoder"]) == made
        # one row a mask and target: the last that was asked
        runs.measure(ner, None, 0, 0, tmp_path)


def test_a_ticket_is_asked_for_at_one_sparsity_and_searched_to_the_others_later(
    bert, toy_scale, tmp_path
):
    bench, whole = Workbench(bert, "ner", "ur"), places(tmp_path / "whole", "demo")
    runs.search(bench, 0, whole, levels=levels_to(40))

    def ask(sparsity):
        return ticket_at(bert, "ner", "ur", "demo", sparsity, 0, tmp_path)

    assert ask(20).levels == levels_to(20)
    assert ask(30).levels == levels_to(30)
    assert ask(10).levels == levels_to(30)  # what is there serves
    runs.search(bench, 0, places(tmp_path, "demo"), levels=levels_to(40))
    found = [home.ticket("ner", "ur", 0) for home in (places(tmp_path, "demo"), whole)]
    assert found[0].read_bytes() == found[1].read_bytes()
