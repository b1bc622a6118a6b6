"""A result is made again in part, and a number that this code does not measure is found out."""

from dataclasses import replace

import pytest

from lnlib import Workbench, find_ticket, verify
from lnlib.__main__ import main
from lnlib.base.errors import UserError
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places
from lnlib.results import runs

LEVELS = (10, 30, 50)


@pytest.fixture
def made(bert, toy_scale, tmp_path):
    """A search with its rows, on the random BERT as scale `demo`."""
    bench = Workbench(bert, "ner", "ur")
    home = places(tmp_path, "demo")
    runs.search(bench, 0, home, levels=LEVELS)
    random = find_ticket(bert, "ner", "ur", method="random")
    runs.measure(bench, random, 50, 0, home.home)
    return tmp_path


def ticket_of(made):
    return places(made, "demo").ticket("ner", "ur", 0)


def scores_of(made):
    return places(made, "demo").home / "scores.csv"


def test_every_round_and_score_of_a_ticket_is_found_again(made):
    found = verify(ticket_of(made), share=1)
    assert found["what"].tolist() == [
        "round to 10 %", "score at 0 %", "round to 30 %", "score at 10 %", "round to 50 %",
        "score at 30 %", "score at 50 %",
    ]  # fmt: skip
    assert found["same"].all() and not found["made_with"].any()
    assert found["recorded"].iloc[1::2].nunique() == 3  # scores that can be told apart


def test_a_weight_that_was_pruned_in_another_round_is_found_out(made):
    ticket = Ticket.load(ticket_of(made))
    name = ticket.matrices[0].name
    codes = {m.name: ticket.codes(m.name).copy() for m in ticket.matrices}
    first, never = (codes[name] == 1).nonzero(), (codes[name] == 0).nonzero()
    codes[name][first[0][0], first[1][0]] = 0
    codes[name][never[0][0], never[1][0]] = 1
    Ticket(ticket.record, ticket.matrices, codes).save(ticket_of(made))
    found = verify(ticket_of(made), share=1).set_index("what")
    row = found.loc["round to 10 %"]
    assert row["recorded"] - row["again"] == 1 and not row["same"]


def test_a_score_of_the_last_level_that_was_changed_is_found_out(made):
    Ticket.load(ticket_of(made)).scored(50, 99.9).save(ticket_of(made))
    found = verify(ticket_of(made), share=1)
    assert found.loc[~found["same"], "what"].tolist() == ["score at 50 %"]


def recorded(ticket, path, **record):
    """The ticket's masks under another record, in a file."""
    codes = {m.name: ticket.codes(m.name) for m in ticket.matrices}
    return Ticket(replace(ticket.record, **record), ticket.matrices, codes).save(path)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"method": "guessed"}, "unknown method 'guessed'"),
        ({"encoder": "mine", "encoder_fingerprint": "f00"}, r"found in 'mine' \(f00\), and scale"),
        ({"data_fingerprint": "d00"}, "its data were d00, and those of scale 'demo' are"),
        ({"search": "under a switch"}, "found under a switch, or by another recipe"),
    ],
)
def test_a_ticket_that_no_scale_searches_is_refused_for_what_is_other(
    bert, toy_scale, tmp_path, record, said
):
    data = Workbench(bert, "ner", "ur").data.fingerprint
    masks = find_ticket(bert, "ner", "ur", method="random", levels=LEVELS)
    record = {"method": "ticket", "data_fingerprint": data, **record}
    with pytest.raises(UserError, match=said):
        verify(recorded(masks, tmp_path / "ticket.safetensors", **record))


def test_the_reference_codes_masks_are_refused_by_name(bert, tmp_path):
    masks = find_ticket(bert, "ner", "ur", method="random", levels=LEVELS)
    file = masks.to_reference_mask(50, tmp_path / "mask.pt")
    foreign = Ticket.from_reference_masks([file], task="ner", lang="ur")
    with pytest.raises(UserError, match="cannot be searched again: unknown scale 'reference'"):
        verify(foreign.save(tmp_path / "reference.safetensors"))


def test_rows_of_a_table_are_measured_again(made):
    found = verify(scores_of(made), share=1, runs_dir=made)
    assert len(found) == 5 and found["same"].all()


def test_a_number_that_was_changed_and_sealed_is_found_out(made):
    table = tables.read(scores_of(made))
    table.loc[table["method"] == "random", "value"] += 1
    table.to_csv(scores_of(made), index=False)
    tables.seal(scores_of(made))
    found = verify(scores_of(made), share=1, runs_dir=made)
    assert found.loc[~found["same"], "what"].tolist() == ["ner ur seed 0: random  50 %"]


def test_what_was_made_with_something_else_is_named(made):
    ticket = Ticket.load(ticket_of(made))
    recorded(ticket, ticket_of(made), versions={**ticket.record.versions, "torch": "1.0"})
    assert set(verify(ticket_of(made))["made_with"]) == {"torch"}


def test_a_share_says_how_much_is_made_again(made):
    assert len(verify(scores_of(made), share=0.4, runs_dir=made)) == 2
    with pytest.raises(UserError, match="share 0: expected"):
        verify(scores_of(made), share=0)


def test_a_row_whose_ticket_has_gone_cannot_be_verified(made):
    with pytest.raises(UserError, match="no ticket at"):
        verify(scores_of(made), share=1, runs_dir=made / "elsewhere")


def test_a_table_that_is_not_there_or_has_no_rows_is_not_all_the_same(tmp_path):
    table = tmp_path / "scores.csv"
    with pytest.raises(UserError, match=r"no table at '.*scores\.csv'"):
        main(["foroutan", "verify", str(table)])
    tables.replace(table, [])
    with pytest.raises(UserError, match="has no rows to measure again"):
        main(["foroutan", "verify", str(table)])


def test_the_command_fails_where_a_number_has_changed(made, capsys):
    main(["foroutan", "verify", str(scores_of(made)), "--share", "1", "--runs", str(made)])
    assert "5 of 5 recomputed numbers are the same" in capsys.readouterr().out
    test_a_number_that_was_changed_and_sealed_is_found_out(made)
    arguments = [str(scores_of(made)), "--share", "1", "--runs", str(made)]
    assert main(["foroutan", "verify", *arguments]) == 1
