"""Data from the hub or a folder laid out like it. No test needs a network or real data."""

import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pyarrow as pa
import pytest
from hub_folders import articles, ner, nli, write

from lnlib.base import hub_access
from lnlib.base.errors import UserError
from lnlib.corpora import hub, opening, sources


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    """datasets keeps what it read in the user's cache; and offline mode is for good."""
    import datasets
    from huggingface_hub import constants

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    probe = hub_access.reach_hub
    probe.cache_clear()
    yield
    probe.cache_clear()


@pytest.fixture
def no_hub(monkeypatch):
    """An address where nothing listens."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")


def texts(examples):
    return {example["text"] for example in examples}


def test_ner_examples_are_like_the_hubs(tmp_path):
    write(tmp_path / "wikiann", {"ur": {"train": ner(9)}})
    examples, line = hub.load("ner", "ur", "train", 4, tmp_path)
    assert len(examples) == 4
    assert all(
        example == {"tokens": [f"w{i}", "x"], "ner_tags": [i % 7, 0]}
        for example in examples
        for i in [int(example["tokens"][0][1:])]
    )
    assert line == "folder wikiann, ur, split 'train', 4 of 9 examples"


def test_the_choice_is_a_shuffle_that_stays_the_same(tmp_path):
    write(tmp_path / "wikiann", {"ur": {"train": ner(50)}})
    twenty = list(hub.load("ner", "ur", "train", 20, tmp_path)[0])
    assert twenty[:8] == list(hub.load("ner", "ur", "train", 8, tmp_path)[0])
    assert [e["tokens"][0] for e in twenty] != [f"w{i}" for i in range(20)]
    assert twenty != list(hub.load("ner", "ur", "train", 20, tmp_path, seed=1)[0])


def test_translations_of_a_pair_are_chosen_together(tmp_path):
    write(tmp_path / "xnli", {c: {"validation": nli(30, c)} for c in ("en", "ur")})
    en, ur = (hub.load("xnli", c, "validation", 10, tmp_path)[0] for c in ("en", "ur"))
    assert [e["premise"][2:] for e in en] == [u["premise"][2:] for u in ur]


@pytest.mark.parametrize("n", [None, 6, 1000])
def test_fewer_examples_than_asked_for_are_all_taken(tmp_path, n):
    write(tmp_path / "wikiann", {"sw": {"train": ner(6)}})
    examples, line = hub.load("ner", "sw", "train", n, tmp_path)
    assert len(examples) == 6
    assert "6 of 6" in line


def test_examples_are_a_sequence(tmp_path):
    write(tmp_path / "text", {"sw": {"train": articles(9), "validation": articles(3)}})
    examples, _ = hub.load("mlm", "sw", "train", None, tmp_path)
    everything = list(examples)
    assert examples[0] == everything[0]
    assert examples[-1] == everything[-1]
    assert list(examples[2:5]) == everything[2:5]
    assert set(everything[0]) == {"text"}


def test_xnli_without_train_is_trained_on_test_and_says_so(tmp_path):
    write(tmp_path / "xnli", {"ur": {"validation": nli(4), "test": nli(8)}})
    examples, line = hub.load("xnli", "ur", "train", None, tmp_path)
    assert len(examples) == 8
    assert "split 'test' (there is no train)" in line
    assert len(hub.load("xnli", "ur", "validation", None, tmp_path)[0]) == 4


def test_articles_held_out_for_validation_are_not_trained_on(tmp_path):
    write(tmp_path / "wikipedia", {"20231101.sw": {"train": articles(2_000)}})
    train, line = hub.load("mlm", "sw", "train", None, tmp_path)
    validation, held_out = hub.load("mlm", "sw", "validation", None, tmp_path)
    assert not texts(train) & texts(validation)
    assert len(train) + len(validation) == 2_000
    assert 20 < len(validation) < 60  # 2 % of 2,000, give or take three standard deviations
    assert "without the 1 in 50 held out" in line
    assert "only the 1 in 50 held out" in held_out


def test_an_article_keeps_its_side_when_others_come_or_go(tmp_path):
    write(tmp_path / "a" / "wikipedia", {"20231101.sw": {"train": articles(500)}})
    write(tmp_path / "b" / "wikipedia", {"20231101.sw": {"train": articles(900)}})
    few, many = (
        texts(hub.load("mlm", "sw", "validation", None, tmp_path / f)[0]) for f in ("a", "b")
    )
    assert few and few <= many


def test_documents_with_a_validation_split_keep_it(tmp_path):
    write(tmp_path / "text", {"ur": {"train": articles(200), "validation": articles(5)}})
    assert len(hub.load("mlm", "ur", "train", None, tmp_path)[0]) == 200
    assert len(hub.load("mlm", "ur", "validation", None, tmp_path)[0]) == 5


def test_wikipedia_comes_before_text(tmp_path):
    write(tmp_path / "text", {"ur": {"train": articles(5)}})
    write(tmp_path / "wikipedia", {"20231101.ur": {"train": articles(500)}})
    assert hub.load("mlm", "ur", "train", 3, tmp_path)[1].startswith("folder wikipedia")


def broken(folder):
    file = folder / "ur" / "train-00000-of-00001.parquet"
    file.write_bytes(file.read_bytes()[:-20])


def script(folder):
    (folder / "wikiann.py").write_text("", encoding="utf-8")


def no_files(folder):
    (folder / "ur" / "train-00000-of-00001.parquet").unlink()


@pytest.mark.parametrize(
    ("spoil", "named"),
    [(broken, "train-00000-of-00001.parquet"), (script, "wikiann.py"), (no_files, "ur")],
)
def test_a_spoilt_folder_is_one_message_that_names_the_culprit(tmp_path, spoil, named):
    spoil(write(tmp_path / "wikiann", {"ur": {"train": ner(9)}, "en": {"train": ner(9)}}))
    with pytest.raises(UserError, match=named) as error:
        hub.load("ner", "ur", "train", 4, tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("task", "lang", "split", "named"),
    [
        ("xnli", "ur", "train", "no folder 'xnli'; it has wikiann"),
        ("mlm", "ur", "train", "no folder 'wikipedia' or 'text'"),
        ("ner", "fa", "train", r"no config 'fa'.* give en, ur"),
        ("ner", "ur", "validation", "no split 'validation'; it has train"),
        ("ner", "ur", "trian", "did you mean 'train'"),
        ("nre", "ur", "train", "did you mean 'ner'"),
        ("ner", "en", "train", "no examples"),
    ],
)
def test_what_is_not_there_is_named_beside_what_is(tmp_path, task, lang, split, named):
    empty = {
        "tokens": pa.array([], pa.list_(pa.string())),
        "ner_tags": pa.array([], pa.list_(pa.int64())),
    }
    write(tmp_path / "wikiann", {"en": {"train": empty}, "ur": {"train": ner(3)}})
    with pytest.raises(UserError, match=named):
        hub.load(task, lang, split, 4, tmp_path)


def test_a_missing_data_dir_is_named(tmp_path):
    with pytest.raises(UserError, match=r"elsewhere' is not a folder"):
        hub.load("ner", "ur", "train", 4, tmp_path / "elsewhere")


@pytest.mark.parametrize("tags", [[[7]], [[-1]], [["B-PER"]], [[None]]])
def test_foreign_labels_are_refused(tmp_path, tags):
    write(tmp_path / "wikiann", {"ur": {"train": {"tokens": [["w"]], "ner_tags": tags}}})
    with pytest.raises(UserError, match="ner_tags holds something else than 0 to 6"):
        hub.load("ner", "ur", "train", None, tmp_path)


def test_foreign_columns_are_refused(tmp_path):
    write(tmp_path / "wikiann", {"ur": {"train": {"words": [["w"]], "ner_tags": [[0]]}}})
    with pytest.raises(UserError, match=r"no column 'tokens'.* found words, ner_tags"):
        hub.load("ner", "ur", "train", None, tmp_path)


def test_no_examples_cannot_be_asked_for(tmp_path):
    with pytest.raises(UserError, match="n=0"):
        hub.load("ner", "ur", "train", 0, tmp_path)


def test_a_folder_needs_no_hub(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "reach_hub", lambda: pytest.fail("asked for the hub"))
    write(tmp_path / "wikiann", {"ur": {"train": ner(3)}})
    assert len(hub.load("ner", "ur", "train", None, tmp_path)[0]) == 3


@pytest.mark.usefixtures("no_hub")
def test_an_unreachable_hub_fails_soon_and_names_both_ways_out():
    start = time.monotonic()
    with pytest.raises(UserError, match=r'cannot be reached.*scale="demo".*data_dir=') as error:
        hub.load("ner", "ur", "train", 4)
    assert time.monotonic() - start < 10
    assert "unimelb-nlp/wikiann (ur)" in str(error.value)


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize(
    ("revision", "said"),
    [(sources.SOURCES["ner"].revision, "@f0a3be6"), ("0" * 40, "another revision, from the cache")],
)
def test_without_the_hub_a_cached_copy_still_loads(tmp_path, revision, said):
    import datasets

    folder = write(tmp_path / "wikiann", {"ur": {"train": ner(5)}})
    builder = datasets.load_dataset_builder(str(folder), "ur")
    builder.download_and_prepare()
    copy = tmp_path / "cache" / "unimelb-nlp___wikiann" / "ur" / "0.0.0" / revision
    copy.parent.mkdir(parents=True)
    Path(builder.cache_dir).rename(copy)
    examples, line = hub.load("ner", "ur", "train", None)
    assert len(examples) == 5
    assert said in line


def serve(status):
    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.parametrize(("status", "there"), [(200, True), (401, True), (503, False)])
def test_a_hub_that_answers_is_reached(monkeypatch, status, there):
    from huggingface_hub import constants

    server = serve(status)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    assert hub_access.reach_hub() is there
    assert constants.HF_HUB_OFFLINE is not there
    server.shutdown()
    server.server_close()


def test_a_hub_that_never_answers_is_given_up(monkeypatch):
    from huggingface_hub import constants

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(hub_access, "PROBE_SECONDS", 0.3)
        start = time.monotonic()
        assert not hub_access.reach_hub()
        assert time.monotonic() - start < 2


def test_what_a_reachable_hub_answered_is_in_the_message(monkeypatch):
    monkeypatch.setattr(hub_access, "reach_hub", lambda: True)
    error = hub_access.hub_error("data set a/b", OSError("401\nnot yours"))
    assert "data set a/b could not be loaded" in str(error)
    assert "401 not yours" in str(error)


def test_the_offline_variable_of_the_hub_is_obeyed(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub_access, "_answers", lambda endpoint: pytest.fail("asked the hub"))
    assert not hub_access.reach_hub()


@pytest.mark.parametrize(
    "source", [*sources.SOURCES.values(), sources.NTREX], ids=lambda source: source.repo
)
def test_revisions_are_commits(source):
    assert len(bytes.fromhex(source.revision)) == 20


@pytest.mark.parametrize("names", [["en", "ur"], ["eng_Latn", "urd_Arab"]])
def test_translations_are_read_in_the_order_they_stand_in(tmp_path, names):
    columns = {name: [f"{name} {i}" for i in range(5)] for name in [*names, "fr"]}
    write(tmp_path / "ntrex", {"all": {"test": columns}})
    texts, line = hub.load_parallel(["ur", "en"], tmp_path)
    assert texts == {"ur": columns[names[1]], "en": columns[names[0]]}
    assert line == "folder ntrex, split 'test', 5 sentences in 2 languages"


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"en": ["a"]}, "no column 'ur' or 'urd_Arab'; found en"),
        ({"en": ["a"], "ur": [None]}, "ur has cells that hold no text"),
        (
            {"en": pa.array([], pa.string()), "ur": pa.array([], pa.string())},
            "no (sentences|examples)",
        ),
    ],
)
def test_translations_that_are_not_all_there_are_refused(tmp_path, columns, named):
    write(tmp_path / "ntrex", {"all": {"test": columns}})
    with pytest.raises(UserError, match=named):
        hub.load_parallel(["en", "ur"], tmp_path)


@pytest.mark.usefixtures("no_hub")
def test_without_the_hub_translations_are_refused_as_other_data_are():
    with pytest.raises(UserError, match=r'NTREX.*cannot be reached.*scale="demo".*data_dir='):
        hub.load_parallel(["en", "ur"])


def test_importing_the_module_imports_no_heavy_library():
    code = (
        "import sys, lnlib.corpora.hub; "
        "print(*{'datasets', 'huggingface_hub', 'pandas', 'torch'} & {*sys.modules})"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "\n"
