"""Pre-training: batches as described, and a stopped run ends where one never stopped does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import toys
from cut_off import ends_as_one_never_stopped
from safetensors.torch import save_file

from lnlib.base.errors import UserError
from lnlib.encoders import _ASSETS, MINI, load_encoder
from lnlib.pretraining import fine_tuning
from lnlib.pretraining.batches import (
    Stream,
    encode_records,
    make_batch,
    prepare,
    read_texts,
    text_batch,
)
from lnlib.pretraining.card import export, write_card
from lnlib.pretraining.fine_tuning import worth
from lnlib.pretraining.loop import learning_rate, new_model, pretrain
from lnlib.pretraining.masked import losses, step_batch
from lnlib.pretraining.recipe import Pretraining, sampling_shares
from lnlib.pretraining.start import cooccurrence, embeddings, start_from_cooccurrence
from lnlib.tasks.mlm import MLM
from lnlib.tasks.ner import NER
from lnlib.tasks.nli import NLI
from lnlib.training.workbench import Workbench

RECIPE = replace(
    Pretraining(), tokens=2_000, vocab_size=600, hidden=32, layers=1, length=16,
    tokens_per_batch=128,
)  # fmt: skip


@pytest.fixture(scope="module")
def texts():
    from lnlib.corpora import gazetteer

    lines = {
        lang: [e["text"] for e in gazetteer.load("mlm", lang, "train", 100)]
        for lang in ("en", "ur")
    }
    return {lang: Stream.encode(some, toys.tokenizer()) for lang, some in lines.items()}


@pytest.fixture(scope="module")
def records():
    return encode_records(toys.tokenizer(), ["en", "ur"], per_language=20)


def test_languages_are_sampled_with_the_exponent():
    shares = sampling_shares({"en": 1_000, "sw": 10}, 0.7)
    assert shares["sw"] / shares["en"] == pytest.approx(0.01**0.7)
    assert sum(shares.values()) == pytest.approx(1)


def test_a_row_is_two_segments_and_targets_are_what_stood_there():
    rng = np.random.default_rng(0)
    first, second = np.arange(10, 20), np.arange(20, 26)
    batch = make_batch([(first, second, False)], 0.5, 600, rng)
    row = torch.tensor([2, *first, 3, *second, 3])
    assert batch.inputs["token_type_ids"][0].tolist() == [0] * 12 + [1] * 7
    assert row[batch.picked].tolist() == batch.labels.tolist()
    untouched = [i for i in range(len(row)) if i not in batch.picked.tolist()]
    assert batch.inputs["input_ids"][0, untouched].tolist() == row[untouched].tolist()


def test_a_causal_batch_asks_for_the_next_word_and_hides_none():
    first, second = np.arange(10, 20), np.arange(20, 26)
    batch = make_batch([(first, second, False)], 0.5, 600, np.random.default_rng(0), causal=True)
    row = torch.tensor([2, *first, 3, *second, 3])
    assert batch.inputs["input_ids"][0].tolist() == row.tolist()
    assert row[batch.picked + 1].tolist() == batch.labels.tolist()
    assert len(batch.picked) == 8  # half of the 16 words


def test_a_causal_loss_does_not_see_what_comes_after():
    model = new_model(RECIPE).eval()
    rows = [(np.arange(10, 20), np.arange(20, 26), False), (np.arange(30, 34), np.arange(7), True)]
    batch = make_batch(rows, 1.0, 600, np.random.default_rng(0), causal=True)
    keep = batch.picked < 5  # of the first row
    batch.picked, batch.labels = batch.picked[keep], batch.labels[keep]
    ids = batch.inputs["input_ids"]
    before = losses(model, batch)
    assert set(before) == {"next_word"}  # nothing is asked of pairs
    ids[0, 6:] = 99
    assert losses(model, batch)["next_word"].item() == before["next_word"].item()
    ids[0, 2] = 99
    assert losses(model, batch)["next_word"].item() != before["next_word"].item()


def test_cooccurrence_counts_pairs_by_distance_and_share():
    streams = {"en": Stream(np.array([5, 6, 7]), np.array([0])),
               "ur": Stream(np.array([5, 5, 5]), np.array([0]))}  # fmt: skip
    counts = cooccurrence(streams, {"en": 1.0, "ur": 0.0}, vocab=8, window=2)
    # 6 tokens in all, 3 of them English: a weight of 2; half of it at distance 2; symmetric
    assert counts[5, 6] == counts[6, 5] == counts[6, 7] == 2
    assert counts[5, 7] == counts[7, 5] == 1
    assert counts.sum() == 2 * (2 + 2 + 1)


def test_words_of_the_same_company_start_near_each_other():
    # 10 and 11 stand in the same places, 12 and 13 in others
    rng = np.random.default_rng(0)
    places = [([10, 11], [20, 21]), ([12, 13], [30, 31])]
    chosen = [places[rng.integers(2)] for _ in range(5_000)]
    words = [[rng.choice(names), *company] for names, company in chosen]
    streams = {"en": Stream(np.concatenate(words), np.array([0]))}
    rows = embeddings(cooccurrence(streams, {"en": 1.0}, vocab=40, window=2), hidden=4)
    # 1,250 sightings of each put the cosine's standard error near 1/35
    assert rows[10] @ rows[11] > 0.9 > 0.5 > rows[10] @ rows[12]
    assert rows[35].norm() == 0  # never seen


def test_about_half_of_the_pairs_are_torn(texts):
    rng = np.random.default_rng(0)
    recipe = replace(RECIPE, tokens_per_batch=16_000)
    torn = text_batch(texts, {"en": 0.5, "ur": 0.5}, 16, 0.15, recipe, rng).torn
    # 1,000 coin flips: four standard errors are 0.063
    assert torn.float().mean().item() == pytest.approx(0.5, abs=0.063)


def test_a_run_is_adamw_on_its_batches_step_by_step(texts, records, tmp_path):
    ours = pretrain(texts, texts, records, RECIPE, tmp_path)
    shares = sampling_shares(sizes(texts), RECIPE.exponent)
    model = new_model(RECIPE)
    start_from_cooccurrence(model, texts, shares, RECIPE)
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
        betas=(0.9, 0.98), fused=True,
    )  # fmt: skip
    step = seen = 0
    while seen < RECIPE.tokens:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(seen / RECIPE.tokens, RECIPE)
        batch = step_batch(step, seen / RECIPE.tokens, texts, shares, records, RECIPE)
        sum(losses(model.train(), batch).values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step, seen = step + 1, seen + batch.tokens
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, dict(ours.named_parameters())[name]), name


def test_a_stopped_run_ends_where_one_never_stopped_does(texts, records, tmp_path, monkeypatch):
    # the ninth step is cut off, two steps after a checkpoint
    ends_as_one_never_stopped(8, tmp_path, monkeypatch, texts, texts, records, RECIPE)


@pytest.mark.parametrize("changed", ["recipe", "text"])
def test_a_checkpoint_of_another_recipe_or_text_is_not_gone_on_from(
    texts, records, tmp_path, changed
):
    pretrain(texts, texts, records, RECIPE, tmp_path)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    longer = replace(RECIPE, tokens=4_000)
    given = (texts, longer) if changed == "recipe" else ({"en": texts["en"]}, RECIPE)
    with pytest.raises(UserError, match="another recipe, other data"):
        pretrain(given[0], texts, records, given[1], tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_a_checkpoint_that_does_not_say_what_it_is_of_is_not_gone_on_from(texts, records, tmp_path):
    save_file({}, tmp_path / "checkpoint.safetensors", {"step": "9", "seen": "1000"})
    with pytest.raises(UserError, match="not noted"):
        pretrain(texts, texts, records, RECIPE, tmp_path)


def written(folder, shards):
    """A folder laid out like the hub: by path, the documents of a shard."""
    for path, documents in shards.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"text": documents}).to_parquet(folder / path)
    return folder


def test_every_shard_of_a_language_is_read_in_order(tmp_path):
    home = written(tmp_path, {
        "ur/train-00001-of-00002.parquet": ["third"],
        "ur/train-00000-of-00002.parquet": ["first", "second"],
        "en/train-00000-of-00001.parquet": ["other"],
    })  # fmt: skip
    assert read_texts(home, "train") == {"en": ["other"], "ur": ["first", "second", "third"]}
    with pytest.raises(UserError, match=r"has no text: expected LANG/validation-\*\.parquet"):
        read_texts(home, "validation")


def test_what_was_prepared_is_kept_for_its_recipe_and_text_alone(tmp_path):
    lines = [f"{number} years in Karachi" for number in range(50)]
    home = written(tmp_path / "text", {
        "en/train-00000-of-00001.parquet": lines, "en/validation-00000-of-00001.parquet": lines
    })  # fmt: skip
    out = tmp_path / "out"
    _, train, _ = prepare(home, out, RECIPE)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    again = prepare(home, out, RECIPE)[1]
    assert again["en"].ids.tolist() == train["en"].ids.tolist()
    assert {path: path.stat().st_mtime_ns for path in before} == before  # read, not made again
    with pytest.raises(UserError, match="another recipe"):
        prepare(home, out, replace(RECIPE, vocab_size=500))
    written(home, {"en/train-00000-of-00001.parquet": lines[1:]})
    with pytest.raises(UserError, match="other text"):
        prepare(home, out, RECIPE)


def sizes(streams):
    return {lang: len(stream.ids) for lang, stream in streams.items()}


def test_the_exported_encoder_loads_with_every_head(texts, records, tmp_path):
    model = pretrain(texts, texts, records, RECIPE, tmp_path / "run")
    log, folder = tmp_path / "run/log.jsonl", tmp_path / "out"
    export(model, toys.tokenizer(), log, folder, RECIPE, sizes(texts))
    encoder = load_encoder(str(folder))
    assert encoder.tokenizer("5")["input_ids"] == toys.tokenizer()("5")["input_ids"]
    for task in (MLM, NER, NLI):
        encoder.model(task, ("a", "b", "c"))
    card = (folder / "README.md").read_text()
    assert "| ur |" in card and "2,0" in card


def test_the_card_says_what_pretraining_is_worth(texts, records, tmp_path, monkeypatch):
    def offline(start, task, lang, scale, data_dir, **more):
        return Workbench(start, task, lang, replace(scale, corpus="gazetteer"), **more)

    recipe = replace(RECIPE, length=32)  # room for the sentences of the gazetteer
    model = pretrain(texts, texts, records, recipe, tmp_path / "run")
    log, folder = tmp_path / "run/log.jsonl", tmp_path / "out"
    export(model, toys.tokenizer(), log, folder, recipe, sizes(texts))
    encoder, where = load_encoder(str(folder)), tmp_path / "worth.csv"
    monkeypatch.setattr(fine_tuning, "Workbench", offline)
    table = worth(encoder, recipe, tmp_path, where, ["ur"], toys.RECIPE)
    monkeypatch.delattr(fine_tuning, "Workbench")  # what is in the table is not measured again
    assert worth(encoder, recipe, tmp_path, where, ["ur"], toys.RECIPE).equals(table)
    write_card(folder, recipe, table)
    row = f"| ur | {table.random[0]:.1f} | {table.pretrained[0]:.1f} |"
    assert row in (folder / "README.md").read_text()


def test_the_encoder_that_ships_is_small_and_has_the_size_it_says():
    assert sum(p.stat().st_size for p in (_ASSETS / MINI).iterdir()) <= 6_000_000
    config = load_encoder().model(MLM).config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (6, 128, 4)


def test_the_card_that_ships_is_the_one_that_is_written_from_its_tables_and_its_text(tmp_path):
    shipped = (_ASSETS / MINI / "README.md").read_text()
    data = shipped.partition("**Data.** ")[2].partition("\nFrom 30%")[0]
    assert "Wikipedia" in data
    for name in ("log.jsonl", "text.csv"):
        (tmp_path / name).write_bytes((_ASSETS / MINI / name).read_bytes())
    table = pd.read_csv(_ASSETS / MINI / "worth.csv")
    write_card(tmp_path, Pretraining(), table, data)
    assert (tmp_path / "README.md").read_text() == shipped
    write_card(tmp_path, replace(Pretraining(), gazetteer_every=0.5), table)
    other = (tmp_path / "README.md").read_text()
    assert "**Data.** What the text was is not stated." in other and "Wikipedia" not in other
    assert "50% of the batches are pairs" in other


def test_new_models_of_one_seed_are_equal():
    a, b = (new_model(RECIPE).bert.embeddings.word_embeddings.weight for _ in range(2))
    assert torch.equal(a, b)
