"""Word embeddings that the data never use are left out of a training, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import toys
import transformers
from safetensors.torch import load_file

from lnlib.base.errors import UserError
from lnlib.base.hashes import LATER
from lnlib.encoders import load_encoder
from lnlib.masks.matrices import magnitudes
from lnlib.papers.foroutan.scales import SCALES
from lnlib.pretraining.recipe import Pretraining
from lnlib.pruning import controls
from lnlib.tasks.mlm import MLM
from lnlib.tasks.ner import NER
from lnlib.tasks.nli import NLI
from lnlib.training import checkpoint, loop
from lnlib.training.used_rows import only_rows, pieces_of
from lnlib.training.workbench import Workbench

WHOLE = replace(toys.RECIPE, steps=10, clip=0.5)  # it bites: that is where the two may part
USED = replace(WHOLE, only_used_rows=True)
# The gradient's norm is summed over fewer zeros, so it may differ in its last bits, 1e-7 of it, at
# every one of ten steps; logits of these toys are of size 1.
NEAR = {"abs": 1e-4, "rel": 1e-4}


def benches(encoder, task):
    whole = Workbench(encoder, task, "ur", SCALES["demo"], recipe=WHOLE)
    return whole, Workbench(encoder, task, "ur", SCALES["demo"], recipe=USED, data=whole.data)


def words(model):
    return model.get_input_embeddings().weight.detach()


def in_optimizers(monkeypatch):
    """How many numbers every AdamW made from here on was given."""
    counts = []

    class Counted(torch.optim.AdamW):
        def __init__(self, parameters, **more):
            parameters = list(parameters)
            counts.append(sum(p.numel() for p in parameters))
            super().__init__(parameters, **more)

    monkeypatch.setattr(loop.torch.optim, "AdamW", Counted)
    return counts


@pytest.mark.parametrize("task", [NER, NLI], ids=str)
@pytest.mark.parametrize("masked", [False, True])
def test_scores_are_those_of_a_training_of_all_rows(bert, monkeypatch, task, masked):
    monkeypatch.setenv("LNLIB_DEVICE", "cpu")
    whole, used = benches(bert, task)
    mask = controls.random(bert, (50,), 0).mask(50) if masked else None
    counts = in_optimizers(monkeypatch)
    ours, theirs = used.train(0, mask), whole.train(0, mask)
    assert ours.losses == pytest.approx(theirs.losses, **NEAR)
    assert ours.score.loss == pytest.approx(theirs.score.loss, **NEAR)
    assert ours.score.value == pytest.approx(theirs.score.value, **NEAR)
    rows, width = words(ours.model).shape
    assert counts[1] - counts[0] == (rows - len(pieces_of(used.data, bert.tokenizer))) * width > 0
    for name, part in magnitudes(theirs.model).items():  # what the next round prunes by
        assert np.allclose(magnitudes(ours.model)[name], part, rtol=1e-4, atol=1e-5), name


def test_rows_that_were_left_out_are_the_pretrained_ones_and_the_others_learnt(bert):
    _, used = benches(bert, NER)
    before, after = words(used.model(0)), words(used.train(0).model)
    inside = torch.zeros(len(before), dtype=torch.bool)
    inside[pieces_of(used.data, bert.tokenizer)] = True
    assert torch.equal(after[~inside], before[~inside])
    read = torch.from_numpy(np.unique(used.data.train.ids[: used.data.train.offsets[4]])).long()
    assert (after[read] != before[read]).any(1).float().mean() > 0.5
    assert after.shape == before.shape


@pytest.mark.parametrize("tied", [True, False])
def test_mlm_which_needs_every_row_trains_as_ever_bit_for_bit(tmp_path, tied):
    """Its head reads them all where it is tied, and its batches show pieces drawn from all."""
    torch.manual_seed(0)
    config = toys.CONFIGS["bert"]()
    config.tie_word_embeddings = tied
    transformers.BertForPreTraining(config).save_pretrained(tmp_path)
    toys.tokenizer().save_pretrained(tmp_path)
    whole, used = benches(load_encoder(str(tmp_path)), MLM)
    model = used.model(0)
    assert (model.get_output_embeddings().weight is model.get_input_embeddings().weight) == tied
    assert used.train(0).losses == whole.train(0).losses
    with only_rows(model, np.arange(9)) as left_out:
        assert not left_out


@pytest.mark.parametrize("kind", ["xlm-roberta", "distilbert", "llama", "mt5"])
def test_encoders_of_other_kinds_train_alike(tmp_path, kind):
    """Positions counted from the padding piece, no segments, a decoder, tables of one matrix."""
    encoder = load_encoder(str(toys.save_encoder(tmp_path, kind)))
    whole, used = benches(encoder, NER)
    with only_rows(used.model(0), np.arange(9)) as left_out:
        assert left_out
    assert used.train(0).losses == pytest.approx(whole.train(0).losses, **NEAR)


def test_a_piece_that_a_decoder_starts_from_is_kept(tmp_path):
    toys.save_encoder(tmp_path, "mt5")
    config = tmp_path / "config.json"
    text = config.read_text().replace(
        '"decoder_start_token_id": 0', '"decoder_start_token_id": 599'
    )
    assert "599" in text
    config.write_text(text)
    whole, used = benches(load_encoder(str(tmp_path)), NLI)
    assert 599 not in pieces_of(used.data, used.encoder.tokenizer)
    assert used.train(0).losses == pytest.approx(whole.train(0).losses, **NEAR)


def test_after_an_error_the_whole_matrix_is_back(bert):
    model = load_encoder(bert.path).model(NER, ("a", "b"))
    table = model.get_input_embeddings()
    whole, padding = table.weight, table.padding_idx
    with pytest.raises(KeyboardInterrupt), only_rows(model, np.array([7, 9])):
        assert len(table.weight) == len({7, 9, padding})
        with pytest.raises(IndexError):
            table(torch.tensor([8]))
        raise KeyboardInterrupt
    assert table.weight is whole and table.padding_idx == padding
    assert torch.equal(table(torch.tensor([8])), whole[[8]])


def test_a_checkpoint_from_inside_holds_these_rows_and_goes_on_inside(bert, tmp_path):
    pieces, rows = np.array([5, 7, 9]), []
    for _ in range(2):  # started, then taken up by a new model
        model = load_encoder(bert.path).model(NER, ("a", "b"))
        with only_rows(model, pieces):
            adam = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.0)
            at = checkpoint.resume(tmp_path / "checkpoint", model, adam, "of this test")
            if at is None:
                model(torch.tensor([[5, 7, 9]])).logits.sum().backward()
                adam.step()
                checkpoint.save(tmp_path / "checkpoint", model, adam, "of this test", {"step": 1})
        rows.append(words(model))
    assert at == {"step": 1}
    assert torch.equal(*rows)
    assert not torch.equal(rows[0][pieces], words(load_encoder(bert.path).bare())[pieces])
    inside = load_file(tmp_path / "checkpoint")["model.bert.embeddings.word_embeddings.weight"]
    assert len(inside) == len({0, *pieces.tolist()})  # the padding's is kept, too


def test_recorded_recipes_keep_their_hash():
    """As tables of results/ have them, and for `paper`, whose results are to come, as they were."""
    recorded = {
        "demo": {"mlm": "bef6697a5355", "ner": "4c720fcd9416", "xnli": "7aca289c4ff7"},
        "small": {"mlm": "3cc4071adcb9", "ner": "1de7a4318bb3", "xnli": "316e7e623daa"},
        "paper": {
            "mlm": "f44fddb63f82",
            "ner": "aafd354fad40",
            "xnli": "9a4444a64d97",
            "xnli_text": "c1cd8e8f7334",
        },
    }
    for scale, hashes in recorded.items():
        assert {t: r.hash for t, r in SCALES[scale].recipes.items()} == hashes
    assert Pretraining().hash == "8971ee6ccf34"


def test_a_later_field_counts_in_the_hash_only_where_it_is_set():
    assert replace(USED, only_used_rows=False).hash == WHOLE.hash != USED.hash
    assert type(WHOLE).__dataclass_fields__["only_used_rows"].metadata == LATER
    whole, used = SCALES["demo"].recipes["ner"], replace(SCALES["demo"].recipes["ner"], clip=2.0)
    assert whole.hash != used.hash


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_what_is_neither_true_nor_false_is_refused(value):
    with pytest.raises(UserError, match=r"only_used_rows .*: expected True or False"):
        replace(WHOLE, only_used_rows=value)
