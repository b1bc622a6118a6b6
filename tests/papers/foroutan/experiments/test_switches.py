"""Masks found by the reference code's habits: scored as the others are, and found once."""

import pytest

from lnlib import Workbench
from lnlib.__main__ import main
from lnlib.base.errors import UserError
from lnlib.masks.overlap import jaccard
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.experiments import switches
from lnlib.papers.foroutan.scales import LEVELS
from lnlib.results import runs
from lnlib.training import workbench


def test_every_switch_is_compared_with_the_plain_search_and_none_is_done_twice(
    bert, toy_scale, tmp_path, monkeypatch
):
    monkeypatch.setattr(switches, "SWITCHES", {"one_schedule": switches.SWITCHES["one_schedule"]})
    home, out = tmp_path / "runs", tmp_path / "results"
    switches.measure("ner", ["ur", "en"], "demo", home, out, encoder_dir=bert.path)
    rows = tables.read(out / "foroutan/demo/switches.csv").set_index(["switch", "lang"])
    assert set(rows.index) == {(s, lang) for s in ("none", "one_schedule") for lang in ("en", "ur")}

    plain, other = (
        Ticket.load(places(home, "demo").ticket("ner", lang, 0)) for lang in ("ur", "en")
    )
    own = rows.loc[("none", "ur")]
    assert own["value"] == own["searched"]  # without a switch a search scores as a transfer does
    assert own["jaccard_plain"] == 1.0
    assert own["jaccard_others"] == pytest.approx(jaccard(plain, other), rel=1e-5)  # six digits
    switched = places(home / "switches/one_schedule", "demo").ticket("ner", "ur", 0)
    shared = jaccard(Ticket.load(switched), plain)
    assert rows.loc[("one_schedule", "ur"), "jaccard_plain"] == pytest.approx(shared, rel=1e-5)
    assert shared < 1.0

    before = (out / "foroutan/demo/switches.csv").read_bytes()
    monkeypatch.delattr(workbench.Workbench, "train")
    switches.measure("ner", ["ur", "en"], "demo", home, out, encoder_dir=bert.path)
    assert (out / "foroutan/demo/switches.csv").read_bytes() == before


def test_a_plain_search_that_stopped_before_its_score_is_compared_all_the_same(
    bert, toy_scale, tmp_path, monkeypatch
):
    home, out = tmp_path / "runs", tmp_path / "results"

    def stop(ticket, sparsity, trained):
        if sparsity == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.search(Workbench(bert, "ner", "ur"), 0, places(home, "demo"), levels=LEVELS,
                    on_round=stop)  # fmt: skip
    monkeypatch.setattr(switches, "SWITCHES", {})
    switches.measure("ner", ["ur"], "demo", home, out, encoder_dir=bert.path)
    row = tables.read(out / "foroutan/demo/switches.csv").iloc[0]
    assert row["searched"] == row["value"] > 0


def test_an_unknown_language_is_said_before_anything_is_loaded(tmp_path):
    with pytest.raises(UserError, match="unknown language 'ut'"):
        main(
            [
                "foroutan",
                "switches",
                "--langs",
                "ut",
                "--runs",
                str(tmp_path),
                "--results",
                str(tmp_path),
            ]
        )
    assert not list(tmp_path.iterdir())
