"""What stands in the folder that is named is what is read: past every cache, whoever wrote it."""

import os
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub_folders import articles, ner, nli, write

from lnlib.base.errors import UserError
from lnlib.corpora import hub

W, T = [["a", "b"], ["c"]], [[0, 1], [2]]
CODED = pa.array(["a", "b", "c"]).dictionary_encode()
FILE = "train-00000-of-00001.parquet"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """One cache of `datasets` for all that a test reads, as a user has."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def translations(n):
    return {"ur": [f"u{i}" for i in range(n)], "en": [f"e{i}" for i in range(n)]}


def of_task(task):
    def read(folder):
        return list(hub.load(task, "ur", "train", None, folder)[0])

    return read


def parallel(folder):
    return list(zip(*hub.load_parallel(["ur", "en"], folder)[0].values(), strict=True))


# source: its config, its split, what a file of n rows holds, and how it is read
SOURCES = {
    "wikiann": ("ur", "train", ner, of_task("ner")),
    "xnli": ("ur", "train", nli, of_task("xnli")),
    "text": ("ur", "train", articles, of_task("mlm")),
    "ntrex": ("all", "test", translations, parallel),
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_two_folders_and_a_change_are_told_apart_under_one_cache(tmp_path, name):
    """Their names, configs and README are alike, and `datasets` itself has read the first."""
    import datasets

    config, split, made, read = SOURCES[name]
    counts = {"one": 10, "two": 7}
    one, two = (
        write(tmp_path / where / name, {config: {split: made(n)}}) for where, n in counts.items()
    )
    datasets.load_dataset(str(one), config)
    first = read(tmp_path / "one")
    assert [len(first), len(read(tmp_path / "two"))] == [10, 7]

    # As many rows as before, and as new as before: only what they say is another.
    file = two / config / f"{split}-00000-of-00001.parquet"
    before = file.stat()
    columns = pq.read_table(file).to_pydict()
    text = next(column for column in columns if column not in ("id", "ner_tags", "label"))
    change = {text: [["Q"] * len(c) if isinstance(c, list) else f"Q{c}" for c in columns[text]]}
    pq.write_table(pa.table(columns | change), file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert all("Q" in str(row) for row in read(tmp_path / "two"))
    assert read(tmp_path / "one") == first


@pytest.mark.parametrize("name", SOURCES)
def test_reading_a_folder_leaves_nothing_behind(tmp_path, cache, monkeypatch, name):
    config, split, made, read = SOURCES[name]
    folder = write(tmp_path / "data" / name, {config: {split: made(5)}})
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    before = sorted(folder.rglob("*"))
    assert len(read(folder.parent))
    assert sorted(folder.rglob("*")) == before
    assert not list((tmp_path / "scratch").iterdir())
    assert not cache.exists()


def test_another_process_reads_what_stands_there_too(tmp_path, cache):
    write(tmp_path / "one" / "wikiann", {"ur": {"train": ner(10)}})
    write(tmp_path / "two" / "wikiann", {"ur": {"train": ner(7)}})
    assert len(of_task("ner")(tmp_path / "one")) == 10
    code = (
        "import sys; from lnlib.corpora import hub; "
        "print(len(hub.load('ner', 'ur', 'train', None, sys.argv[1])[0]))"
    )
    told = subprocess.check_output(
        [sys.executable, "-c", code, str(tmp_path / "two")], text=True,
        env=os.environ | {"HF_DATASETS_CACHE": str(cache)},
    )  # fmt: skip
    assert told == "7\n"


def test_a_folder_called_like_the_repository_is_not_taken_for_it(tmp_path, monkeypatch):
    """`datasets` would, if it stands in the working directory, and we would call it the hub's."""
    write(tmp_path / "unimelb-nlp/wikiann", {"ur": {"train": ner(3)}})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"would read the folder 'unimelb-nlp/wikiann'.*data_dir"):
        hub.load("ner", "ur", "train", None)


def test_the_rows_are_those_of_the_file_in_any_order_and_number(tmp_path):
    folder = write(tmp_path / "text", {"ur": {"train": articles(2_500)}})  # three readings
    pq.write_table(pa.table({"id": ["x"], "text": ["last"]}), folder / "ur/train-1.parquet")
    stands = [*pq.read_table(folder / "ur" / FILE)["text"].to_pylist(), "last"]
    for n in (3, None):
        texts = [row["text"] for row in hub.load("mlm", "ur", "train", n, tmp_path)[0]]
        again = [row["text"] for row in hub.load("mlm", "ur", "train", n, tmp_path)[0]]
        assert texts == again
        assert len(set(texts)) == len(texts)
        assert set(texts) <= set(stands)
    both = texts + [row["text"] for row in hub.load("mlm", "ur", "validation", None, tmp_path)[0]]
    assert sorted(both) == sorted(stands)


@pytest.mark.parametrize(
    "odd", ["a[b]", "a[", "a*b", "a?b", "**", "{x,y}", "a#b", "a%20b", "~x", "x::y", "a b", "é[1]"]
)
def test_a_folder_may_have_any_name(tmp_path, odd):
    write(tmp_path / odd / "wikiann", {"ur": {"train": ner(3)}})
    assert len(hub.load("ner", "ur", "train", None, tmp_path / odd)[0]) == 3
    (tmp_path / odd / "wikiann/ur" / FILE).write_bytes(b"no parquet")
    with pytest.raises(UserError, match=r"cannot be read") as error:
        hub.load("ner", "ur", "train", None, tmp_path / odd)
    assert str(tmp_path / odd / "wikiann/ur" / FILE) in str(error.value)


def test_where_no_links_can_be_made_the_character_is_named(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    write(tmp_path / "a[b]" / "wikiann", {"ur": {"train": ner(3)}})
    with pytest.raises(UserError, match=r"takes '\[' in a path for a pattern: rename"):
        hub.load("ner", "ur", "train", None, tmp_path / "a[b]")


@pytest.mark.parametrize(
    "columns",
    [
        {"tokens": pa.array(W, pa.large_list(pa.large_string())),
         "ner_tags": pa.array(T, pa.large_list(pa.int64()))},
        {"tokens": pa.array(W, pa.list_(pa.string_view()))},
        {"tokens": pa.ListArray.from_arrays([0, 2, 3], CODED)},
        {"ner_tags": pa.array(T, pa.list_(pa.int8()))},
        {"ner_tags": pa.array(T, pa.list_(pa.uint64()))},
        {"other": pa.nulls(2)},
        {"other": pa.array([1, None], pa.duration("us"))},
    ],
    ids=lambda columns: str({name: str(column.type) for name, column in columns.items()}),
)  # fmt: skip
def test_the_same_rows_are_read_whatever_types_a_tool_gave_them(tmp_path, columns):
    write(tmp_path / "wikiann", {"ur": {"train": {"tokens": W, "ner_tags": T} | columns}})
    rows, _ = hub.load("ner", "ur", "train", None, tmp_path)
    assert sorted(rows, key=str) == [
        {"tokens": words, "ner_tags": tags} for words, tags in zip(W, T, strict=True)
    ]


def test_shards_of_several_tools_are_read_as_one(tmp_path):
    folder = write(tmp_path / "wikiann", {"ur": {"train": {"tokens": W, "ner_tags": T}}})
    large = {"tokens": pa.array(W, pa.large_list(pa.large_string())),
             "ner_tags": pa.array(T, pa.large_list(pa.uint8())), "other": pa.nulls(2)}  # fmt: skip
    pq.write_table(pa.table(large), folder / "ur/train-1.parquet")
    pq.write_table(pa.table(large)[:0], folder / "ur/train-2.parquet")
    assert len(hub.load("ner", "ur", "train", None, tmp_path)[0]) == 4


def test_the_hubs_label_names_are_read_from_a_file_that_has_them(tmp_path):
    import datasets

    def features(names):
        labels = datasets.List(datasets.ClassLabel(names=names))
        return datasets.Features(
            {"tokens": datasets.List(datasets.Value("string")), "ner_tags": labels}
        )

    ours = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
    folder = write(tmp_path / "wikiann", {"ur": {"train": ner(3)}})
    for names, fits in ((ours, True), (ours[::-1], False)):
        rows = datasets.Dataset.from_dict({"tokens": W, "ner_tags": T}, features(names))
        rows.to_parquet(folder / "ur" / FILE)
        if fits:
            assert len(hub.load("ner", "ur", "train", None, tmp_path)[0]) == 2
        else:
            with pytest.raises(UserError, match=r"labels I-LOC, .*; expected O, B-PER"):
                hub.load("ner", "ur", "train", None, tmp_path)


@pytest.mark.parametrize(
    ("task", "columns", "said"),
    [
        ("ner", {"tokens": [["a", None], ["c"]]}, "tokens has .*: 1 null; leave their rows out"),
        ("ner", {"tokens": [None, ["c"]]}, "tokens has cells that hold no text: 1 null"),
        ("ner", {"tokens": [[b"a", b"b"], [b"c"]]}, "list<.*binary>; write lists of strings"),
        ("ner", {"tokens": ["a b", "c"]}, "tokens has .*: string; write lists of strings"),
        ("ner", {"ner_tags": [[0, None], [2]]}, "ner_tags holds .*: 1 null; leave their rows out"),
        ("ner", {"ner_tags": [None, [2]]}, "2 words have None tags"),
        ("ner", {"ner_tags": [0, 2]}, "ner_tags holds .*: int64; write lists of whole numbers"),
        ("ner", {"ner_tags": [["O", "O"], ["O"]]}, "list<.*string>; write .* the places in O, B"),
        ("ner", {"ner_tags": [[0.0, 1.0], [2.0]]}, "list<.*double>; write lists of whole numbers"),
        ("ner", {"ner_tags": [[0, 1], [7]]}, "something else than 0 to 6: 0 to 7"),
        ("ner", {"other": pa.array([[("k", 1)]] * 2, pa.map_(pa.string(), pa.int8()))},
         r"train-.*parquet cannot be read: .*map<string, int8 \('other'\)>"),
        ("xnli", {"premise": ["a", None]}, "premise has .*: 1 null"),
        ("xnli", {"label": [[0], [1]]}, "label holds .*: list<.*int64>; write whole numbers"),
        ("xnli", {"label": [0, None]}, "label holds .*: 1 null"),
    ],
)  # fmt: skip
def test_what_cannot_be_cast_is_named_with_the_way_out(tmp_path, task, columns, said):
    whole = {"ner": {"tokens": W, "ner_tags": T}, "xnli": nli(2)}[task]
    name = {"ner": "wikiann", "xnli": "xnli"}[task]
    write(tmp_path / name, {"ur": {"train": whole | columns}})
    with pytest.raises(UserError, match=said) as error:
        hub.load(task, "ur", "train", None, tmp_path)
    assert "\n" not in str(error.value)


def test_articles_without_ids_are_held_out_by_their_text(tmp_path):
    """By an id of None all of them would stand on one side."""
    write(tmp_path / "text", {"ur": {"train": articles(500) | {"id": pa.nulls(500, pa.string())}}})
    sizes = [len(hub.load("mlm", "ur", s, None, tmp_path)[0]) for s in ("train", "validation")]
    assert sum(sizes) == 500
    assert 0 < sizes[1] < 30  # 2 %, give or take six standard deviations
