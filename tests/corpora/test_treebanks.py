"""Treebanks from a folder laid out like the hub: what is read, and what is refused."""

import json

import pyarrow as pa
import pytest
from treebank_folders import sentence, write

from lnlib.base.errors import UserError
from lnlib.corpora import treebanks


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def load(folder, name="en_ewt", split="test", **more):
    return treebanks.load_treebank(name, split, data_dir=folder, **more)


def test_words_tags_heads_and_universal_relations_are_read(tmp_path):
    write(tmp_path, "en_ewt", [sentence()])
    (found,), note = load(tmp_path)
    assert found == treebanks.Sentence(
        "s0", "the small dog barked.", ("the", "small", "dog", "barked", "."),
        ("DET", "ADJ", "NOUN", "VERB", "PUNCT"), (3, 3, 4, 0, 4),
        ("det", "amod", "nsubj", "root", "punct"),
    )  # fmt: skip
    assert note == "folder ud, en_ewt, split 'test', 1 sentences"


def test_a_copy_with_heads_as_text_and_tags_as_numbers_reads_the_same(tmp_path):
    """As the hub's loading script laid it out: head as text, upos as class labels."""
    write(tmp_path, "en_ewt", [sentence()])
    names = list(treebanks.UPOS)
    feature = {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "List"}
    text = {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"}
    rows = sentence(head=["3", "3", "4", "0", "4"])
    rows["upos"] = [names.index(tag) for tag in rows["upos"]]
    one = {"dtype": "string", "_type": "Value"}
    features = {"sent_id": one, "text": one, "tokens": text, "upos": feature, "head": text,
                "deprel": text}  # fmt: skip
    told = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.Table.from_pylist([rows])
    write(tmp_path, "en_gum", [rows], schema=table.schema.with_metadata(told))
    assert load(tmp_path, "en_gum")[0] == load(tmp_path)[0]


def test_a_row_without_id_or_text_gets_its_number_and_its_words(tmp_path):
    row = {k: v for k, v in sentence().items() if k not in ("sent_id", "text")}
    write(tmp_path, "en_ewt", [row])
    (found,), _ = load(tmp_path)
    assert (found.id, found.text) == ("row 0", "the small dog barked .")


def test_a_choice_is_the_start_of_one_shuffle(tmp_path):
    write(tmp_path, "en_ewt", [sentence(i) for i in range(30)])
    every, some = load(tmp_path)[0], load(tmp_path, n=7)[0]
    assert some == every[:7] and {s.id for s in every} == {f"s{i}" for i in range(30)}
    assert [s.id for s in every] != [f"s{i}" for i in range(30)]
    assert [s.id for s in load(tmp_path, seed=1)[0]] != [s.id for s in every]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"head": [3, 3, 4, 0, 6]}, "word 5 has head 6; expected 0 to 5"),
        ({"head": [3, 3, 4, 0, -1]}, "word 5 has head -1; expected 0 to 5"),
        ({"head": ["3", "3", "4", "0", "_"]}, "word 5 has head _; expected 0 to 5"),
        ({"head": [3, 3, 4, 0, None]}, "word 5 has head None; expected 0 to 5"),
        ({"head": [3, 3, 0, 0, 4]}, "2 roots, words 3, 4; one is due"),
        ({"head": [3, 1, 2, 0, 4]}, "a cycle of heads, words 1 to 3 to 2 to 1"),
        ({"head": [1, 3, 4, 0, 4]}, "a cycle of heads, words 1 to 1"),
        ({"head": [3, 3, 4, 5, 4]}, "a cycle of heads, words 4 to 5 to 4"),
        ({"head": [3, 3, 4, 0]}, "5 words and 4 in head; expected as many"),
        ({"upos": ["DET"] * 6}, "5 words and 6 in upos; expected as many"),
        ({"deprel": ["det"]}, "5 words and 1 in deprel; expected as many"),
        ({"deprel": None}, "deprel is missing"),
        (
            {"upos": ["DET", "ADJ", "NOUN", "VERB", "_"]},
            "word 5 has the tag '_'; expected one of ADJ",
        ),
        ({"upos": ["DET", "ADJ", "NOUN", "VERB", None]}, "word 5 has the tag None"),
        ({"deprel": ["det", "amod", "dobj", "root", "punct"]}, "word 3 has the relation 'dobj'"),
        ({"deprel": ["det", "root", "obj", "root", "punct"]}, "word 2 has head 3 and relation 'r"),
        ({"deprel": ["det", "amod", "obj", "dep", "punct"]}, "word 4 has head 0 and relation 'd"),
        ({"tokens": ["the", " ", "dog", "barked", "."]}, "word 2 is ' '; expected text"),
        ({"tokens": ["the", None, "dog", "barked", "."]}, "word 2 is None; expected text"),
        ({"tokens": [], "upos": [], "head": [], "deprel": []}, "no words"),
    ],
)
def test_a_sentence_that_is_no_tree_is_named(tmp_path, more, said):
    rows = [sentence(i) for i in range(3)]
    if any(isinstance(head, str) for head in more.get("head", ())):  # a column has one type
        rows = [{**row, "head": [str(head) for head in row["head"]]} for row in rows]
    write(tmp_path, "en_ewt", [rows[0], {**rows[1], **more}, rows[2]])
    with pytest.raises(UserError) as error:
        load(tmp_path)
    assert str(error.value).startswith("folder ud, en_ewt, split 'test', sentence 's1': ")
    assert said in str(error.value) and "\n" not in str(error.value)


def test_treebanks_and_splits_of_one_folder_stay_apart(tmp_path):
    write(tmp_path, "en_ewt", [sentence(1)])
    write(tmp_path, "en_ewt", [sentence(2)], split="validation")
    write(tmp_path, "fr_pud", [sentence(3)])
    found = [load(tmp_path)[0], load(tmp_path, split="validation")[0], load(tmp_path, "fr_pud")[0]]
    assert [part[0].id for part in found] == ["s1", "s2", "s3"]


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("xx_pud", {}, "no config 'xx_pud'"),
        ("en_ewt", {"split": "train"}, "no split 'train'; it has test"),
        ("en_ewt", {"n": 0}, "n=0 sentences: expected a whole number"),
        ("en_ewt", {"n": True}, "n=True sentences"),
        ("fi_tdt", {}, "no column 'head'; expected tokens, upos, head, deprel, found"),
    ],
)
def test_a_treebank_that_is_not_there_is_said(tmp_path, name, more, said):
    write(tmp_path, "en_ewt", [sentence()])
    row = sentence()
    del row["head"]
    write(tmp_path, "fi_tdt", [row])
    with pytest.raises(UserError) as error:
        load(tmp_path, name, **more)
    assert said in str(error.value)


def test_tags_without_trees_are_read(tmp_path):
    row = {key: sentence()[key] for key in ("tokens", "upos")}
    write(tmp_path, "ur", [row], "train", home="udpos")
    (found,), _ = treebanks.load_tagged("ur", "train", data_dir=tmp_path)
    assert found.tags[0] == "DET" and found.heads == () and found.text == "the small dog barked ."
    with pytest.raises(UserError, match="udpos is read from a folder alone: give data_dir"):
        treebanks.load_tagged("ur", "train")
