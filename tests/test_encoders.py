"""Encoders as users bring them: of every family, damaged, fine-tuned before, from anywhere."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import toys
import transformers
from safetensors.torch import load_file, save_file
from transformers.utils import logging

from lnlib import TASKS, Workbench, find_ticket, load_encoder
from lnlib.base.errors import UserError
from lnlib.masks.matrices import encoder_of
from lnlib.tasks.ner import NER

LABELS = ("a", "b", "c")
LONG = replace(toys.RECIPE, max_tokens=512)  # more than any toy reads


def rewrite(folder, change):
    """Put what `change` makes of the weights in their place."""
    file = folder / "model.safetensors"
    weights = {name: weight.contiguous() for name, weight in change(load_file(file)).items()}
    save_file(weights, file, {"format": "pt"})
    return folder


def configure(folder, **values):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))
    return folder


def without(weights, part):
    return {name: weight for name, weight in weights.items() if part not in name}


def pruned(weights):
    """As torch.nn.utils.prune leaves them before prune.remove()."""
    out = without(weights, "query.weight")
    for name in weights.keys() - out.keys():
        out |= {f"{name}_orig": weights[name], f"{name}_mask": torch.ones_like(weights[name])}
    return out


# -- weights that are not in the file --------------------------------------------------------------

FIRST = "bert.embeddings.word_embeddings.weight"


@pytest.mark.parametrize(
    "spoil, said",
    [
        (lambda f: rewrite(f, lambda w: {f"module.{n}": x for n, x in w.items()}),
         f"no weight '{FIRST}'.*the file has 'module.{FIRST}'"),
        (lambda f: rewrite(f, pruned), r"no weight 'bert.encoder.layer.0.attention.self.query.wei"),
        (lambda f: rewrite(f, lambda w: without(w, "layer.1.")), r"'bert.encoder.layer.1."),
        (lambda f: configure(f, num_hidden_layers=3), r"no weight 'bert.encoder.layer.2."),
        (lambda f: configure(f, model_type="albert", embedding_size=16), "an? 'albert' has one"),
        (lambda f: configure(f, hidden_size=32), rf"'{FIRST}' is \(600, 16\) in.*\(600, 32\) by"),
        (lambda f: configure(f, max_position_embeddings=64), r"position_embeddings.*128, 16"),
        (lambda f: configure(f, quantization_config={"quant_method": "bitsandbytes",
                                                     "load_in_8bit": True}), "cannot be loaded"),
    ],
    ids=["DataParallel", "prune", "a layer less", "a layer more", "another architecture", "width",
         "positions", "quantised"],
)  # fmt: skip
def test_a_weight_that_the_file_lacks_is_named_and_never_random(tmp_path, spoil, said):
    encoder = load_encoder(spoil(toys.save_encoder(tmp_path)))
    for use in (lambda: Workbench(encoder, "ner", "ur", recipe=toys.RECIPE),
                lambda: encoder.model(TASKS["mlm"]), encoder.bare):  # fmt: skip
        with pytest.raises(UserError, match="encoder"):
            use()
    with pytest.raises(UserError, match=said):
        encoder.model(TASKS["ner"], LABELS)
    with pytest.raises(UserError):
        _ = encoder.fingerprint


def test_a_missing_shard_is_said(tmp_path, bert):
    bert.bare().save_pretrained(tmp_path, max_shard_size="20KB")
    toys.tokenizer().save_pretrained(tmp_path)
    assert load_encoder(tmp_path).fingerprint == bert.fingerprint
    sorted(tmp_path.glob("model-*.safetensors"))[1].unlink()
    with pytest.raises(UserError, match="weights of encoder"):
        load_encoder(tmp_path).model(TASKS["ner"], LABELS)


def test_a_shard_that_the_index_forgot_is_said(tmp_path, bert):
    bert.bare().save_pretrained(tmp_path, max_shard_size="20KB")
    toys.tokenizer().save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors.index.json"
    index = json.loads(file.read_text())
    last = max(index["weight_map"].values())
    index["weight_map"] = {n: shard for n, shard in index["weight_map"].items() if shard != last}
    file.write_text(json.dumps(index))
    with pytest.raises(UserError, match="has no weight"):
        load_encoder(tmp_path).model(TASKS["ner"], LABELS)


def test_the_head_of_mlm_has_to_be_in_the_file_and_no_other(tmp_path, capsys):
    encoder = load_encoder(rewrite(toys.save_encoder(tmp_path), lambda w: without(w, "cls.")))
    with pytest.raises(UserError, match=r"'cls.predictions.bias'.*head of mlm"):
        Workbench(encoder, "mlm", "ur", recipe=toys.RECIPE)
    for task in ("ner", "xnli"):
        Workbench(encoder, task, "ur", recipe=toys.RECIPE)
    find_ticket(encoder, "mlm", "ur", method="magnitude", levels=(50,))  # no head plays a part
    assert "encoder" not in capsys.readouterr().err


def test_a_head_that_no_weights_are_tied_to_has_to_be_in_the_file_too(tmp_path):
    encoder = load_encoder(configure(toys.save_encoder(tmp_path), tie_word_embeddings=False))
    with pytest.raises(UserError, match=r"cls.predictions.decoder.weight"):
        encoder.model(TASKS["mlm"])


def test_heads_and_poolers_for_other_tasks_are_silent(tmp_path, capsys):
    for encoder in (load_encoder(), load_encoder(toys.save_encoder(tmp_path))):
        for task in TASKS:
            encoder.model(TASKS[task], LABELS)
        _ = encoder.fingerprint
    assert "encoder" not in capsys.readouterr().err


def test_weights_of_an_encoder_that_are_not_used_are_said_once(tmp_path, capsys):
    encoder = load_encoder(configure(toys.save_encoder(tmp_path), num_hidden_layers=1))
    for seed in range(2):
        encoder.model(TASKS["ner"], LABELS, seed)
    _ = encoder.fingerprint
    said = [line for line in capsys.readouterr().err.splitlines() if "not used" in line]
    assert len(said) == 1 and "'encoder.layer.1." in said[0]


def test_a_pooler_that_a_task_uses_is_drawn_from_the_seed_and_said(tmp_path, capsys):
    folder = rewrite(toys.save_encoder(tmp_path), lambda w: without(w, "pooler"))
    one, same, other = (
        load_encoder(folder).model(TASKS["xnli"], LABELS, seed).bert.pooler.dense.weight
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert capsys.readouterr().err.count("no pooler in its file") == 1


def test_weights_that_are_no_numbers_are_said_before_a_search(tmp_path):
    spoiled = rewrite(
        toys.save_encoder(tmp_path), lambda w: {name: x * float("nan") for name, x in w.items()}
    )
    with pytest.raises(UserError, match="not finite before it is trained"):
        Workbench(load_encoder(spoiled), "ner", "ur", recipe=toys.RECIPE)


# -- checkpoints that were fine-tuned before -------------------------------------------------------


@pytest.mark.parametrize("labels", [3, 7], ids=["as many labels", "more labels"])
@pytest.mark.parametrize("task", ["ner", "xnli"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert", "gpt2"])
def test_the_head_of_a_fine_tuned_checkpoint_plays_no_part(tmp_path, kind, task, labels):
    """The weights are those of the checkpoint it was made from, its head too, for every seed."""
    before = tmp_path / "before"
    toys.save_encoder(before) if kind == "bert" else toys.save_family(before, kind)
    pre_trained = load_encoder(before)
    if kind == "modernbert":  # its classifiers begin with a layer that MLM's head has too
        rewrite(before, lambda w: without(w, "head."))
    tuned = pre_trained.model(TASKS[task], tuple(map(str, range(labels))), seed=5)
    tuned.save_pretrained(tmp_path / "tuned")
    pre_trained.tokenizer.save_pretrained(tmp_path / "tuned")
    again = load_encoder(tmp_path / "tuned")
    assert again.fingerprint == pre_trained.fingerprint
    for seed in (5, 6):
        expected = pre_trained.model(TASKS[task], LABELS, seed).state_dict()
        found = again.model(TASKS[task], LABELS, seed).state_dict()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)
    first, other = (again.model(TASKS[task], LABELS, seed) for seed in (5, 6))
    heads = [
        {n: p for n, p in model.named_parameters() if not n.startswith(model.base_model_prefix)}
        for model in (first, other)
    ]
    assert any(not torch.equal(heads[0][name], heads[1][name]) for name in heads[0])
    assert encoder_of(first) is not first


def test_settings_of_an_earlier_use_do_no_harm(tmp_path, bert):
    """Tuples for outputs, another task's problem, another padding: the scores stay the same."""
    folder = configure(
        toys.save_encoder(tmp_path), return_dict=False, problem_type="regression",
        output_hidden_states=True, pad_token_id=None, dtype="float16",
    )  # fmt: skip
    for task in ("mlm", "xnli"):
        scores = [
            Workbench(encoder, task, "ur", recipe=toys.RECIPE).train(0).score
            for encoder in (bert, load_encoder(folder))
        ]
        assert scores[0] == scores[1]


# -- words -----------------------------------------------------------------------------------------


def words(tokenizer, *tokens):
    found = NER.encode([{"tokens": tokens, "ner_tags": [0] * len(tokens)}], tokenizer, 64, 1)
    return tokenizer.convert_ids_to_tokens(found.ids[~found.special])


@pytest.mark.parametrize("begin", [True, False], ids=["RoBERTa", "GPT-2"])
def test_words_are_cut_into_the_pieces_of_running_text(begin):
    tokenizer = toys.byte_tokenizer(begin)
    running = tokenizer.tokenize("a river river")
    assert words(tokenizer, "a", "river", "river") == ["Ġ", *running]
    assert running[1:] == ["Ġriver", "Ġriver"]
    assert tokenizer.tokenize("river") == ["river"]  # text that runs is cut as it was


def test_words_that_need_no_space_get_none(bert):
    assert words(bert.tokenizer, "5", "5") == bert.tokenizer.tokenize("5 5")


def test_words_that_cannot_be_cut_like_running_text_are_refused():
    from tokenizers import normalizers

    tokenizer = toys.byte_tokenizer.__wrapped__()
    tokenizer.backend_tokenizer.normalizer = normalizers.Strip()
    with pytest.raises(UserError, match="otherwise than in running text"):
        words(tokenizer, "a", "river")


def test_a_tokenizer_that_does_not_know_its_words_is_refused_for_ner_alone(tmp_path):
    folder = toys.save_encoder(tmp_path)
    for file in folder.glob("tokenizer*"):
        file.unlink()
    transformers.ByT5Tokenizer().save_pretrained(folder)
    encoder = load_encoder(folder)
    with pytest.raises(UserError, match=r"ByT5Tokenizer.*word_ids.*fast tokenizer"):
        Workbench(encoder, "ner", "ur", recipe=toys.RECIPE)
    with pytest.raises(UserError, match="mask token"):
        Workbench(encoder, "mlm", "ur", recipe=toys.RECIPE)
    Workbench(encoder, "xnli", "ur", recipe=toys.RECIPE).train(0)


# -- families --------------------------------------------------------------------------------------

WITHOUT_HEAD = {("gpt2", "mlm"), ("xlnet", "mlm"), ("bart", "ner")}
MOST = {"roberta": 40, "camembert": 40, "xlnet": None}  # 42 less two


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", toys.FAMILIES)
def test_a_family_trains_on_a_task_or_says_at_once_why_not(tmp_path, family, task):
    encoder = load_encoder(toys.save_family(tmp_path, family))
    assert encoder.max_tokens == MOST.get(family, 42)
    if (family, task) in WITHOUT_HEAD:
        with pytest.raises(UserError, match=f"has no head for '{task}'.{{,200}}$"):
            Workbench(encoder, task, "ur", recipe=LONG)
        return
    bench = Workbench(encoder, task, "ur", recipe=LONG)
    assert bench.data.train.lengths.max() == (encoder.max_tokens or bench.data.train.lengths.max())
    assert bench.train(0).score.n == LONG.validation_examples


def test_padding_changes_no_prediction_of_a_decoder(tmp_path):
    """Its head reads the last token that is no padding, also without a token for padding."""
    encoder = load_encoder(toys.save_family(tmp_path, "gpt2"))
    model, pieces = encoder.model(TASKS["xnli"], LABELS), encoder.tokenizer("river")["input_ids"]
    padded = [*pieces, *[encoder.tokenizer.pad_token_id] * 3]
    with torch.no_grad():
        alone = model(torch.tensor([pieces])).logits
        beside = model(
            torch.tensor([padded]), attention_mask=torch.tensor([[1] * len(pieces) + [0] * 3])
        ).logits
    assert torch.allclose(alone, beside, atol=1e-6)  # float32, sums in another order


def test_a_tokenizer_that_cannot_pad_is_said(tmp_path):
    toys.save_family(tmp_path, "gpt2")
    tokenizer = toys.byte_tokenizer.__wrapped__(False)
    tokenizer.eos_token = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(UserError, match="neither a padding token nor"):
        load_encoder(tmp_path)


def test_a_tokenizer_that_pads_otherwise_than_positions_are_counted_is_said(tmp_path):
    toys.save_family(tmp_path, "roberta")
    tokenizer = toys.byte_tokenizer.__wrapped__()
    tokenizer.pad_token = "<s>"
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(UserError, match="pads with piece 0 and counts positions from behind piece"):
        load_encoder(tmp_path)


def test_a_piece_whose_number_no_vector_has_is_said(tmp_path):
    folder = toys.save_encoder(tmp_path)
    file = folder / "tokenizer.json"
    made = json.loads(file.read_text())
    made["model"]["vocab"]["5"] = 600  # of as many pieces as there are vectors: 0 to 599
    file.write_text(json.dumps(made))
    with pytest.raises(UserError, match="601 pieces and vectors for 600"):
        load_encoder(folder)


def test_what_an_architecture_cannot_read_is_said_when_it_meets_the_task(tmp_path):
    """T5's classifier reads the end of a text, which this tokenizer does not set."""
    folder = configure(toys.save_encoder(tmp_path, "mt5"), eos_token_id=1)
    with pytest.raises(UserError, match=r"\(mt5\) cannot read the xnli data: .*eos"):
        Workbench(load_encoder(folder), "xnli", "ur", recipe=toys.RECIPE)


# -- where from, and what is left as it was --------------------------------------------------------


def test_an_encoder_is_found_under_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    folder = toys.save_encoder(tmp_path / "toy")
    assert load_encoder("~/toy").fingerprint == load_encoder(Path("~/toy")).fingerprint
    assert load_encoder("~/toy").fingerprint == load_encoder(folder).fingerprint
    assert not os.path.exists("~")


def test_a_search_takes_the_path_of_an_encoder(tmp_path):
    folder = toys.save_encoder(tmp_path)
    tickets = [
        find_ticket(where, "ner", "ur", method="magnitude", levels=(50,))
        for where in (folder, str(folder), load_encoder(folder))
    ]
    assert len({ticket.record.search for ticket in tickets}) == 1


@pytest.mark.parametrize("shown", [True, False])
def test_loading_leaves_progress_bars_as_they_were(bert, shown):
    before = logging.is_progress_bar_enabled()
    try:
        (logging.enable_progress_bar if shown else logging.disable_progress_bar)()
        load_encoder(bert.path).model(TASKS["mlm"])
        with pytest.raises(UserError):
            load_encoder(Path(bert.path).parent)
        assert logging.is_progress_bar_enabled() is shown
    finally:
        (logging.enable_progress_bar if before else logging.disable_progress_bar)()
