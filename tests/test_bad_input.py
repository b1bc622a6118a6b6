"""Bad input, in tables: each row is refused in one message, and what was there stays as it was.

The first table runs a notebook's cells up to its check, with what papermill would inject for the
command line given; the second calls the library; the third is papermill itself.
"""

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jupytext
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import toys
import yaml
from papermill.cli import _resolve_type
from papermill.translators import PythonTranslator
from test_hub import ner as wikiann
from test_hub import write

from lnlib import Workbench, find_ticket, transfer
from lnlib.base.device import default_device
from lnlib.base.errors import UserError
from lnlib.encoders import load_encoder
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places
from lnlib.results import runs
from lnlib.tasks.mlm import MLM
from lnlib.tasks.ner import NER
from lnlib.training import scoring

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


@pytest.fixture(scope="module")
def done(ner, tmp_path_factory):
    """A folder with a finished run in it."""
    home = tmp_path_factory.mktemp("done")
    runs.search(ner, 0, places(home / "runs", "demo"), levels=(10,))
    return home


@pytest.fixture
def home(done, tmp_path, monkeypatch):
    """The working directory: a copy of that folder, which must come out as it went in."""

    def everything():
        return {
            path.relative_to(tmp_path / "home"): path.read_bytes() if path.is_file() else None
            for path in sorted((tmp_path / "home").rglob("*"))
            if not path.name.endswith(".lock")
        }

    shutil.copytree(done, tmp_path / "home")
    (tmp_path / "home/notes.txt").write_text("no folder")
    (tmp_path / "home/data").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    before = everything()
    yield tmp_path / "home"
    assert everything() == before


def check_cells(name):
    """Sources of a notebook's parameters cell and of the cell that checks them."""
    cells = [c for c in jupytext.read(NOTEBOOKS / f"{name}.py").cells if c.cell_type == "code"]
    at = next(i for i, c in enumerate(cells) if "parameters" in c.metadata.get("tags", []))
    return cells[at].source, cells[at + 1].source


def injected(arguments):
    """What papermill puts into the notebook for `-p name value`, `-r name text`, `-y yaml`."""
    values, words = {}, iter(shlex.split(arguments))
    for option in words:
        if option == "-y":
            values |= yaml.safe_load(next(words))
        else:
            name, text = next(words), next(words)
            values[name] = _resolve_type(text) if option == "-p" else text
    return PythonTranslator.codify(values)


def ask(name, arguments):
    """Run a notebook's cells up to its check; returns what the library would be given."""
    parameters, check = check_cells(name)
    cells = ["", parameters, injected(arguments), check]
    session = {"In": cells}
    for cell in cells:
        exec(cell, session)
    return session["p"]


@pytest.mark.parametrize(
    "notebook, arguments, said",
    [
        # names of languages
        ("prune", "-p lang urdu", "unknown language 'urdu': expected one of .*did you mean 'ur'"),
        ("prune", "-p lang UR", "unknown language 'UR'.*did you mean 'ur'"),
        ("prune", "-p lang En+fr", "unknown language 'En'.*did you mean 'en'"),
        ("prune", "-p lang zh-CN", "unknown language 'zh-CN'"),
        ("prune", "-p lang ' ur'", "unknown language ' ur'.*did you mean 'ur'"),
        ("prune", "-p lang ''", "unknown language ''"),
        ("prune", "-p lang en+", "unknown language ''"),
        ("prune", "-p lang en+ur+en", "'en\\+ur\\+en' names a language twice"),
        ("prune", "-p lang fa -p task xnli", "XNLI has no Persian.*covers en, fr"),
        ("prune", "-p lang ur,en", "unknown language 'ur,en'"),
        # what papermill and YAML make of them
        ("prune", "-p lang nan", "unknown language nan: expected a code such as 'ur', in quotes"),
        ("prune", "-p lang inf", "unknown language inf"),
        ("prune", "-p lang None", "unknown language None"),
        ("prune", "-p lang True", "unknown language True"),
        ("prune", "-p lang 007", "unknown language 7"),
        ("prune", "-y 'lang: no'", "unknown language False"),
        ("prune", "-y 'lang: [ur]'", r"unknown language \['ur'\]"),
        ("prune", "-y 'lang: {ur: en}'", "unknown language {'ur': 'en'}"),
        ("prune", "-y 'lang: 2022-05-11'", "unknown language .*2022"),
        # whole numbers
        ("prune", "-p seed 5e-5", "seed 5e-05 is not a whole number from 0 up"),
        ("prune", "-p seed 1.0", "seed 1.0 is not a whole number"),
        ("prune", "-p seed -1", "seed -1 is not a whole number"),
        ("prune", "-p seed nan", "seed nan is not a whole number"),
        ("prune", "-p seed True", "seed True is not a whole number"),
        ("prune", "-p seed one", "seed 'one' is not a whole number"),
        ("transfer", "-p source_seed 1.0", "source_seed 1.0 is not a whole number"),
        ("prune", "-r seed 1", "seed '1' is not a whole number"),
        ("prune", "-y 'seed: yes'", "seed True is not a whole number"),
        ("prune", "-y 'seed: [0]'", r"seed \[0\] is not a whole number"),
        ("pretrain", "-p text_dir . -p tokens 60M", "tokens '60M' is not a whole number"),
        ("pretrain", "-p text_dir . -p tokens 6e7", "tokens 60000000.0 is not a whole number"),
        ("pretrain", "-p text_dir . -p tokens 0", "tokens 0"),
        # sparsities
        ("prune", "-p sparsities '[0]'", "sparsity 0 is not one of 10, 20.*nearest: 10"),
        ("prune", "-p sparsities '[10, 95]'", "sparsity 95 is not one of .*nearest: 90"),
        ("prune", "-p sparsities 0.5", "sparsity 0.5 is not one of .*nearest: 10"),
        ("prune", "-p sparsities '[]'", "sparsities must rise and not repeat, got \\[\\]"),
        ("prune", "-p sparsities '[50, 10]'", "must rise and not repeat, got \\[50, 10\\]"),
        ("prune", "-p sparsities '[50, 50]'", "must rise and not repeat"),
        ("prune", "-p sparsities nan", "sparsity nan is not one of [^;]*$"),
        ("prune", "-p sparsities inf", "sparsity inf is not one of [^;]*$"),
        ("prune", "-p sparsities all", "sparsities 'all' is no list of numbers such as"),
        ("prune", "-p sparsities '[10; 50]'", "is no list of numbers such as"),
        ("prune", f"-p sparsities '{'[' * 9_999}'", "is no list of numbers such as"),
        ("prune", "-p sparsities '[True]'", "sparsity True is not one of"),
        ("prune", "-p sparsities None", "sparsity None is not one of"),
        ("prune", "-y 'sparsities: {10: 50}'", "sparsity {'10': 50} is not one of"),
        ("overlap", "-p sparsity 100", "sparsity 100 is not one of .*nearest: 90"),
        ("overlap", "-p sparsity '[50]'", "sparsity '\\[50\\]' is not one of"),
        ("transfer", "-p sparsity 5e-5", "sparsity 5e-05 is not one of .*nearest: 10"),
        # lists of names
        ("overlap", "-p langs ur,UR", "unknown language 'UR'.*did you mean 'ur'"),
        ("overlap", "-p langs ur,en,ur", "languages 'ur,en,ur' name one twice"),
        ("overlap", "-p langs ''", "languages '': name one at least"),
        ("overlap", "-y 'langs: []'", "name one at least"),
        ("overlap", "-p langs nan", "langs nan: expected names"),
        ("overlap", "-p langs None", "langs None: expected names"),
        ("overlap", "-y 'langs: [no, en]'", "unknown language False"),
        ("overlap", "-y 'langs: [[ur], en]'", r"unknown language \['ur'\]"),
        ("transfer", "-y 'langs: {ur: 1}'", "langs {'ur': 1}: expected names"),
        ("prune", "-p controls magnitud", "unknown control 'magnitud'.*did you mean 'magnitude'"),
        ("prune", "-p controls ticket", "unknown control 'ticket'"),
        ("prune", "-p controls nan", "controls nan: expected names"),
        # tasks and scales
        ("prune", "-p task NER", "unknown task 'NER'.*did you mean 'ner'"),
        ("prune", "-p task nan", "unknown task nan: expected one of mlm, ner, xnli"),
        ("prune", "-p scale papers", "unknown scale 'papers'.*did you mean 'paper'"),
        ("prune", "-p scale None", "unknown scale None"),
        # names of parameters
        ("prune", "-p langs ur", "unknown parameter 'langs'.*did you mean 'lang'"),
        ("prune", "-p sparsity '[50]'", "unknown parameter 'sparsity'.*did you mean 'sparsities'"),
        ("prune", "-p Seed 1", "unknown parameter 'Seed'.*did you mean 'seed'"),
        ("prune", "-p gpu 1", "unknown parameter 'gpu': expected one of lang, task, [^;]*$"),
        ("pretrain", "-p text_dri .", "unknown parameter 'text_dri'.*did you mean 'text_dir'"),
        # folders
        ("prune", "-p runs_dir notes.txt", "runs_dir 'notes.txt' is a file, not a folder"),
        ("prune", "-p runs_dir None", "runs_dir None is no path"),
        ("prune", "-p runs_dir nan", "runs_dir nan is no path"),
        ("prune", "-p runs_dir ''", "runs_dir '' is no path"),
        ("prune", "-p runs_dir 7", "runs_dir 7 is no path"),
        ("prune", "-p scale small -p data_dir nowhere", "data_dir 'nowhere' is not a folder"),
        ("prune", "-p scale small -p data_dir notes.txt", "data_dir 'notes.txt' is not a folder"),
        ("prune", "-p scale small -p data_dir nan", "data_dir nan is no path"),
        ("prune", "-y 'scale: small\ndata_dir: no'", "data_dir False is no path"),
        ("prune", "-p data_dir data", "reads the gazetteer and takes no data_dir"),
        ("pretrain", "", "text_dir None is no path"),
        ("pretrain", "-p text_dir notes.txt", "text_dir 'notes.txt' is not a folder"),
        ("pretrain", "-p text_dir data -p out_dir notes.txt", "out_dir 'notes.txt' is a file"),
        ("pretrain", "-p text_dir data -p data_dir nowhere", "data_dir 'nowhere' is not a folder"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_refused_by_the_first_cell(home, notebook, arguments, said):
    with pytest.raises(UserError, match=f"(?s){said}"):
        ask(notebook, arguments)


@pytest.mark.parametrize(
    "notebook, arguments, name, value",
    [
        ("prune", "-p seed 007", "seed", 7),
        ("prune", "-p sparsities 10,50", "sparsities", (10, 50)),
        ("prune", "-p sparsities 50", "sparsities", (50,)),
        ("prune", "-p sparsities '[10.0]'", "sparsities", (10,)),
        ("prune", "-p controls ''", "controls", []),
        ("overlap", "-p langs 'ur, en'", "langs", ["ur", "en"]),
        ("overlap", "-p langs '[ur, en]'", "langs", ["ur", "en"]),
        ("prune", """-p controls '["random", "magnitude"]'""", "controls", ["random", "magnitude"]),
        ("prune", "-p PAPERMILL_INPUT_PATH a -p PAPERMILL_OUTPUT_PATH b", "lang", "ur"),
        ("overlap", "-y 'langs: [ur, en]'", "langs", ["ur", "en"]),
        ("pretrain", "-p text_dir data -p tokens 60_000", "tokens", 60_000),
    ],
)
def test_what_papermill_only_writes_otherwise_is_understood(home, notebook, arguments, name, value):
    assert ask(notebook, arguments)[name] == value


# -- the library -----------------------------------------------------------------------------------


def small(home, spoil):
    """NER at scale small from a folder laid out like the hub, after `spoil` was at it."""
    data = home.parent / "hub"
    folder = write(data / "wikiann", {"ur": {"train": wikiann(9), "validation": wikiann(4)}})
    spoil(folder)
    return Workbench(load_encoder(), "ner", "ur", "small", data_dir=data)


def rows(splits, table):
    def spoil(folder):
        for split in splits.split():
            pq.write_table(pa.table(table), folder / f"ur/{split}-00000-of-00001.parquet")

    return spoil


BOTH = "train validation"
EMPTY = {
    "tokens": pa.array([], pa.list_(pa.string())),
    "ner_tags": pa.array([], pa.list_(pa.int64())),
}


def pairs(words, tags):
    return {"tokens": [words] * 9, "ner_tags": [tags] * 9}


def cut(folder):
    file = folder / "ur/train-00000-of-00001.parquet"
    file.write_bytes(file.read_bytes()[:-20])


def encoder(home, spoil):
    """A toy encoder, loaded whole, after `spoil` was at its folder."""
    folder = toys.save_encoder(home.parent / "toy")
    spoil(folder)
    return load_encoder(str(folder)).model(MLM)


def shorten(file):
    file.write_bytes(file.read_bytes()[:-50])


def no_tokenizer(folder):
    for file in folder.glob("tokenizer*"):
        file.unlink()


def fewer_vectors(folder):
    config = folder / "config.json"
    config.write_text(re.sub(r'("vocab_size"): \d+', r"\1: 100", config.read_text()))


def search(bench, home, seed=0, levels=(10,)):
    return runs.search(bench, seed, places(home / "runs", "demo"), levels=levels)


def own_ticket(home):
    return Ticket.load(places(home / "runs", "demo").ticket("ner", "ur", 0))


def another(home):
    return load_encoder(str(toys.save_encoder(home.parent / "other", seed=1)))


@pytest.mark.parametrize(
    "call, said",
    [
        # data
        (lambda h, b: small(h, rows("validation", EMPTY)), r"validation.*parquet has no examples"),
        (lambda h, b: small(h, rows("train", EMPTY)), r"train.*parquet has no examples"),
        (lambda h, b: small(h, rows("train", pairs(["w"] * 2, [9, 0]))), "ner_tags holds some"),
        (lambda h, b: small(h, rows("train", pairs(["w"], [-100]))), "else than 0 to 6"),
        (lambda h, b: small(h, rows(BOTH, pairs(["w"], ["B-PER"]))), "else than 0 to 6"),
        (lambda h, b: small(h, rows("train", pairs(["w"], [0, 1]))), "1 words have 2 tags"),
        (lambda h, b: small(h, rows("train", pairs(["w", "w"], [0]))), "2 words have 1 tags"),
        (lambda h, b: small(h, rows(BOTH, pairs(None, [0]))), "tokens has cells that hold no text"),
        (lambda h, b: small(h, rows(BOTH, pairs([1], [0]))), "tokens has cells that hold no text"),
        (lambda h, b: small(h, rows(BOTH, {"words": [["w"]]})), "no column 'tokens'; expected"),
        (lambda h, b: small(h, cut), r"train-00000-of-00001\.parquet cannot be read"),
        (lambda h, b: small(h, lambda f: (f / "ur/train-00000-of-00001.parquet").unlink()), "ur"),
        (lambda h, b: small(h, lambda f: (f / "README.md").write_text("---\nconfigs: [\n---\n")),
         "wikiann"),
        (lambda h, b: small(h, lambda f: f.rename(f.with_name("xnli"))),
         "no folder 'wikiann'; it has xnli"),
        # encoders
        (lambda h, b: load_encoder("mini-mbrt"), "did you mean 'mini-mbert'.*cannot be reached"),
        (lambda h, b: load_encoder(""), "unknown encoder ''"),
        (lambda h, b: load_encoder(None), "unknown encoder None"),
        (lambda h, b: load_encoder("notes.txt"), "'notes.txt' holds no weights in safetensors"),
        (lambda h, b: load_encoder("data"), "'data' holds no weights in safetensors"),
        (lambda h, b: encoder(h, lambda f: (f / "model.safetensors").unlink()), "no weights"),
        (lambda h, b: encoder(h, lambda f: shorten(f / "model.safetensors")),
         "weights of encoder .* cannot be loaded"),
        (lambda h, b: encoder(h, lambda f: (f / "config.json").unlink()), "holds no encoder"),
        (lambda h, b: encoder(h, lambda f: shorten(f / "config.json")), "holds no encoder"),
        (lambda h, b: encoder(h, lambda f: shorten(f / "tokenizer.json")), "holds no encoder"),
        (lambda h, b: encoder(h, no_tokenizer), "has no tokenizer"),
        (lambda h, b: encoder(h, fewer_vectors), "600 pieces and vectors for 100"),
        # tickets
        (lambda h, b: Ticket.load("nowhere.safetensors"), "no ticket at 'nowhere.safetensors'"),
        (lambda h, b: Ticket.load("data"), "no ticket at 'data'"),
        (lambda h, b: Ticket.load("notes.txt"), "'notes.txt' is not a whole ticket file"),
        (lambda h, b: own_ticket(h).mask(55), "no mask at 55 %.*nearest: 10"),
        (lambda h, b: transfer(own_ticket(h), another(h), "ur", "ner", level=10),
         "this ticket was found in .* load that encoder, or search again"),
        (lambda h, b: search(Workbench(another(h), "ner", "ur", recipe=toys.RECIPE), h),
         r"ticket\.safetensors' holds another search"),
        (lambda h, b: search(b, h, levels=(20,)), "holds another search .*levels 10,"),
        (lambda h, b: find_ticket(b.encoder, "ner", "ur", seed=-1), "seed -1 is not a whole"),
        (lambda h, b: find_ticket(b.encoder, "nre", "ur"), "unknown task 'nre'.*mean 'ner'"),
        (lambda h, b: find_ticket(b.encoder, "ner", "ur", "dmeo"), "did you mean 'demo'"),
        (lambda h, b: find_ticket(b.encoder, "ner", "ur", method="randm"), "did you mean 'random'"),
        # tables
        (lambda h, b: tables.read("runs/score.csv"), "no table is called 'score.csv'"),
    ],
)  # fmt: skip
def test_what_the_library_cannot_use_is_said(home, ner, monkeypatch, call, said):
    import datasets
    from huggingface_hub import constants

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", home.parent / "cache")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # then no library retries for long
    with pytest.raises(UserError, match=f"(?s){said}"):
        call(home, ner)


@pytest.mark.parametrize("product", ["ner/ur/seed0/ticket.safetensors", "scores.csv"])
def test_a_damaged_product_stops_a_search_before_it_trains(
    done, ner, tmp_path, monkeypatch, product
):
    home = shutil.copytree(done, tmp_path / "home")
    path = places(home / "runs", "demo").home / product
    shorten(path)
    before = path.read_bytes()
    monkeypatch.setattr(Workbench, "train", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(UserError, match=re.escape(path.name)):
        search(ner, home)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "asked, said",
    [
        ("cuda", r"LNLIB_DEVICE=cuda\) 'cuda:0': expected one of cpu"),
        ("cuda:7", "'cuda:7': expected one of cpu"),
        ("gpu", "'gpu': expected one of cpu"),
        ("CPU", "did you mean 'cpu'"),
    ],
)
def test_a_device_that_is_not_there_is_refused_by_the_first_cell(home, monkeypatch, asked, said):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setenv("LNLIB_DEVICE", asked)
    with pytest.raises(UserError, match=said):
        ask("prune", "")


def test_the_cpu_can_be_asked_for_where_there_is_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert default_device().type == "cuda"
    monkeypatch.setenv("LNLIB_DEVICE", "cpu")
    assert default_device().type == "cpu"


@pytest.mark.parametrize("where", ["loss", "collate"])
@pytest.mark.parametrize(
    "batch, said",
    [(8, "8 x 48 tokens.*try a batch_size of 4"), (1, "1 x 48 tokens.*try a max_tokens of 24")],
)
def test_a_full_gpu_is_said_with_what_to_try(home, ner, where, batch, said):
    def full(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    recipe = replace(toys.RECIPE, batch_size=batch)
    bench = Workbench(ner.encoder, "ner", "ur", recipe=recipe, data=ner.data)
    bench.data = replace(ner.data, task=replace(NER, **{where: full}))
    with pytest.raises(UserError, match=said):
        search(bench, home, seed=1)
    # the lock's folder: no ticket is in it
    shutil.rmtree(places(home / "runs", "demo").search("ner", "ur", 1))


def test_a_full_gpu_in_scoring_is_said_too(ner, monkeypatch):
    def full(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(scoring, "evaluation_order", full)
    with pytest.raises(UserError, match="try a batch_size of 2"):
        ner.train(0)


def keep_positions(folder, count):
    """Make an encoder one that reads `count` tokens at most."""
    from safetensors.torch import load_file, save_file

    config, file = folder / "config.json", folder / "model.safetensors"
    config.write_text(
        re.sub(r'("max_position_embeddings"): \d+', rf"\1: {count}", config.read_text())
    )
    weights = load_file(file)
    name = next(name for name in weights if name.endswith("position_embeddings.weight"))
    weights[name] = weights[name][:count].clone()
    save_file(weights, file, {"format": "pt"})


@pytest.mark.parametrize("task", ["mlm", "ner", "xnli"])
def test_sentences_longer_than_the_encoder_reads_are_cut(tmp_path, task):
    keep_positions(toys.save_encoder(tmp_path), 16)
    bert = load_encoder(tmp_path)
    bench = Workbench(bert, task, "ur", recipe=replace(toys.RECIPE, max_tokens=512))
    assert bench.data.train.lengths.max() == bert.max_tokens == 16
    assert bench.train(0).score.n == 12
    if task == "ner":
        assert bench.data.validation.lost_words > 0  # counted, and scored as not found


@pytest.mark.parametrize("kind, most", [("bert", 128), ("xlm-roberta", 127), ("mt5", None)])
def test_an_encoder_says_how_many_tokens_it_reads(tmp_path, kind, most):
    assert load_encoder(toys.save_encoder(tmp_path, kind)).max_tokens == most


# -- papermill -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments, said",
    [
        (["-y", "lang: no"], "unknown language False: expected a code such as 'ur', in quotes"),
        (["-p", "seed", "5e-5"], "seed 5e-05 is not a whole number from 0 up"),
        (["-p", "lnag", "ur"], r"unknown parameter 'lnag': .*; did you mean 'lang'\?"),
    ],
)
def test_papermill_fails_with_the_message_last(home, arguments, said):
    notebook = str(NOTEBOOKS / "prune.ipynb")
    ended = subprocess.run(
        [sys.executable, "-m", "papermill", notebook, str(home.parent / "out.ipynb"), *arguments],
        text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=600,
    )  # fmt: skip
    assert ended.returncode == 1
    assert re.fullmatch(f"UserError: {said}", ended.stderr.strip().splitlines()[-1])
    assert isinstance(tables.read(home / "runs/foroutan/demo/scores.csv"), pd.DataFrame)
