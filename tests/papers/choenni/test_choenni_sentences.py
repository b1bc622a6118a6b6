"""The page of single sentences: its file is what influence says, and a browser shows the file."""

import json
import re
from functools import cache
from html import unescape

import numpy as np
import pytest
import toys
from house import ROOT
from seen_pages import STATIC, browser, fragment, probed

from lnlib import __main__ as door
from lnlib.base.errors import UserError
from lnlib.corpora.gazetteer import NER_LABELS
from lnlib.papers import choenni
from lnlib.papers.choenni import commands
from lnlib.papers.choenni.analysis import sentences
from lnlib.papers.choenni.attribution import shares
from lnlib.papers.choenni.attribution.checkpoints import Checkpoint
from lnlib.papers.choenni.experiments import Experiment
from lnlib.papers.choenni.scales import SCALES, Settings
from lnlib.papers.choenni.tables import INFLUENCE

HOME = ROOT / "results" / "choenni" / "demo"
PAGE = (ROOT / "book" / "influences.md").read_text(encoding="utf-8")
LANGS = ("en", "ur", "zh")


@cache
def recorded():
    return sentences.read_all(HOME)


# ---- what is kept --------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["ner", "xnli"])
def toy(bert, request):
    """A joint of three languages, influence in it at two checkpoints, and what is kept of both."""
    joint = choenni.join(request.param, LANGS, encoder=bert, recipe=toys.RECIPE)
    states = [Checkpoint.of(joint.model(seed), 3 * seed, 1e-3, "toy") for seed in (1, 2)]
    found = choenni.influence(states, joint, test=joint.sample("validation", 2))
    masks = {"full": dict.fromkeys(LANGS, "full")}
    return joint, found, sentences.content(joint, found, masks, {"seed": 0})


def test_the_sentences_are_those_that_influence_most(toy):
    """By hand from all values; cosines travel as hundredths, so half of one is lost."""
    _, found, held = toy
    for column, test in enumerate(held["tests"]):
        for checkpoint in (0, 1, 2):  # the last is both together
            own = found.values["cosine"][:, 0, :, column]
            values = own.mean(0) if checkpoint == 2 else own[checkpoint]
            best = np.argsort(-values, kind="stable")[: held["top"]]
            places, cosines = test["best"]["full"][checkpoint]
            assert np.abs(np.array(cosines) / 100 - values[best]).max() <= 0.005 + 1e-6
            shown = [tuple(held["sentences"][place][:2]) for place in places]
            assert shown == [(found.train.langs[i], found.train.numbers[i]) for i in best]


def test_a_sentence_is_its_sources_text_with_its_labels(toy):
    joint, _, held = toy
    letters = lambda text: re.sub(r"\s", "", text)  # noqa: E731
    for test in held["tests"]:
        lang, number, pieces, labels = held["sentences"][test["at"]]
        source, text = joint.example(lang, number, "validation"), "".join(t for t, _ in pieces)
        if joint.task.name == "ner":
            assert letters(text) == letters("".join(source["tokens"]))
            named = {NER_LABELS[tag].partition("-")[2] for tag in source["ner_tags"]} - {""}
            assert labels == sorted(named) == sorted({label for _, label in pieces if label})
            begun = sum(NER_LABELS[tag].startswith("B-") for tag in source["ner_tags"])
            assert sum(bool(label) for _, label in pieces) == begun  # a name is one piece
        else:
            assert [t for t, _ in pieces] == [source["premise"], source["hypothesis"]]
            assert labels == [joint.first.data.labels[source["label"]]]


def test_chance_is_what_permuted_languages_give(toy):
    """1,000 permutations: the mean to 4 standard errors, the end to one sentence of the top."""
    _, found, held = toy
    top = held["top"]
    for lang, (mean, high) in held["chance"].items():
        best = shares.most_influential(found.scores()[:, :1], top)
        null = shares.null(best, found.train.langs, lang) * top / 100
        assert abs(null.mean() - mean) < 4 * null.std() / np.sqrt(len(null))
        assert abs(np.quantile(null, 0.975) - high) <= 1


def test_how_many_have_the_same_labels_is_counted_over_all_training_sentences(toy):
    joint, found, held = toy
    if joint.task.name == "xnli":
        kinds = joint.first.data.labels
        have = [kinds[label] for label in found.train.data.labels[found.train.index]]
        for test in held["tests"]:
            assert test["alike"] == have.count(held["sentences"][test["at"]][3][0])


def test_a_file_is_read_as_it_was_written_and_refused_when_altered(toy, tmp_path):
    held = toy[-1]
    assert sentences.read(tmp_path, "ner") is None
    file = sentences.write(tmp_path, "ner", held)
    assert sentences.read(tmp_path, "ner") == json.loads(json.dumps(held))
    text = file.read_text("utf-8")
    for other in (text.replace('"top":10', '"top":11'), text[:-20], "[]", "{}"):
        file.write_text(other, "utf-8")
        with pytest.raises(UserError, match="altered or damaged"):
            sentences.read(tmp_path, "ner")


def test_one_command_makes_the_file_from_what_runs_keep(bert, monkeypatch, tmp_path):
    joint = choenni.join("ner", LANGS, encoder=bert, recipe=toys.RECIPE)
    settings = Settings(checkpoints=2, train=6, test=3, top=5, mask_examples=4, mask_seeds=1)
    experiment = Experiment(joint, settings, 0, tmp_path / "runs", tmp_path / "results")
    monkeypatch.setattr(commands, "_experiments", lambda p: [experiment])
    assert door.main(["choenni", "show", "--kind", "fisher"]) == 0
    held = sentences.read_all(experiment.results)["ner"]
    assert list(held["masks"]) == ["full", *LANGS, "random"]
    steps = [checkpoint.step for checkpoint in experiment.tuned().checkpoints]
    assert held["epochs"] == [round(step * 4 / (24 * 3), 2) for step in steps]  # 4 a step of 24 x 3
    assert held["masks"]["full"]["en"] == "" and len(set(held["masks"]["random"].values())) == 3
    assert held["made_by"].items() >= {"seed": 0, "data": joint.fingerprint}.items()
    with pytest.raises(UserError, match=r"kind of mask 'fishr'.*'fisher'"):
        door.main(["choenni", "show", "--kind", "fishr"])


# ---- what is recorded ----------------------------------------------------------------------------


def test_the_recorded_sentences_are_of_the_run_that_the_tables_hold():
    table = INFLUENCE.read(HOME)
    for task, held in recorded().items():
        made_by = held["made_by"]
        assert made_by["task"] == task and made_by["recipe"] == SCALES["demo"].recipe(task).hash
        rows = table[(table["task"] == task) & (table["seed"] == made_by["seed"])]
        assert {made_by["data"]} == set(rows["data"])
        assert {made_by["encoder"]} == set(rows["encoder"])
        for lang in held["languages"]:
            own = rows[(rows["kind"] == made_by["kind"]) & (rows["mask_lang"] == lang)]
            assert {held["masks"][lang][lang]} == set(own["mask"])
            drawn = rows[
                (rows["kind"] == f"random {made_by['kind']}") & (rows["mask_lang"] == lang)
            ]
            assert held["masks"]["random"][lang] in set(drawn["mask"])


def test_five_languages_have_eight_sentences_that_translate_each_other():
    for held in recorded().values():
        by_lang = {}
        for test in held["tests"]:
            lang, number, *_ = held["sentences"][test["at"]]
            by_lang.setdefault(lang, []).append(number)
        assert len(by_lang) == 5 and set(map(tuple, by_lang.values())) == {tuple(range(8))}


def test_data_and_code_stay_under_300_kb_and_ask_no_other_host():
    text = sentences.script(recorded())
    parts = [(STATIC / name).read_text("utf-8")
             for name in ("influences.js", "influences.css", "explorer.css")]  # fmt: skip
    size = len("".join([text, *parts]).encode()) + (STATIC / "dom.js").stat().st_size
    assert size < 300_000
    assert not re.findall(
        r"(?:https?:)?//[\w.-]+\.\w+/", text + "".join(parts) + fragment("influences")
    )


# ---- in a browser --------------------------------------------------------------------------------


def made_up():
    """Two languages, two test sentences each, two masks; the first one's best are all Urdu."""
    texts = [
        ["ur", 0, [["کراچی", "LOC"], [" اور", ""]], ["LOC"]],
        ["en", 0, [["Karachi", "LOC"]], ["LOC"]],
        ["ur", 5, [["لاہور", "LOC"]], ["LOC"]],
        ["ur", 6, [["روپیہ", "CUR"]], ["CUR"]],
        ["en", 6, [["<b>rupee</b>", "CUR"]], ["CUR"]],
    ]
    best = {"full": [[[2, 3], [91, 90]], [[2, 4], [50, 49]], [[2, 3], [70, 69]]],
            "ur": [[[3, 4], [9, -8]], [[3, 4], [9, -8]], [[3, 4], [9, -8]]]}  # fmt: skip
    tests = [{"at": at, "alike": 3, "best": best} for at in (0, 1)]
    content = {"languages": {"ur": ["Urdu", "rtl"], "en": ["English", "ltr"]}, "epochs": [1.0, 2.0],
               "masks": {"full": {}, "ur": {}}, "top": 2, "of": 12, "sentences": texts,
               "chance": {"ur": [1.0, 1], "en": [1.0, 2]}, "tests": tests}  # fmt: skip
    return {"ner": content}


def opened(folder, script, hashes):
    """What the page shows from a disk for each hash in turn, the first one at its opening."""
    probe = """
    const seen = [], rest = HASHES;
    const look = () => {
      const all = (query) => [...document.querySelectorAll(query)];
      const texts = (query) => all(query).map((node) => node.textContent);
      const own = document.querySelector(".influences-test p");
      seen.push({
        status: texts("[role=status]")[0],
        items: texts("li"),
        counts: texts("#influences tr"),
        chosen: Object.fromEntries(all("select").map((s) => [s.id, s.selectedOptions[0].text])),
        test: own && [own.textContent, own.lang, own.dir],
        bold: all("li b").length,
        unlabelled: all("select").filter((s) => !s.labels.length).length,
        fallback: all(".influences-static").length,
      });
      if (rest.length) location.hash = rest.shift();
      else document.getElementById("seen").textContent = JSON.stringify(seen);
    };
    addEventListener("hashchange", () => setTimeout(look));
    look();
    """.replace("HASHES", json.dumps(hashes[1:]))
    code = [STATIC / name for name in ("dom.js", "influences.js", "influences.css", "explorer.css")]
    static = '<div class="influences-static">one</div>'
    return probed(folder, "influences", code, script, probe, hashes[0], before=static)


@browser
def test_the_page_shows_what_the_file_holds(tmp_path):
    hashes = ["#lang=ur", "#lang=ur&epoch=1", "#lang=en&mask=ur", "#task=pos&lang=xx&mask=zz"]
    whole, second, other, odd = opened(tmp_path, sentences.script(made_up()), hashes)
    assert whole["test"] == ["کراچیLOC اور", "ur", "rtl"] and whole["fallback"] == 0
    assert whole["status"].startswith("2 of the 2 are Urdu; by chance 1 would be")
    assert "1 have exactly the test sentence’s labels; by chance 0.5" in whole["status"]
    assert whole["counts"] == ["Urdu2", "English0"] and whole["unlabelled"] == 0
    assert "influence 0.70" in whole["items"][0] and "✓ same labels: LOC" in whole["items"][0]
    assert "shares no label" in whole["items"][1]
    assert second["counts"] == ["Urdu1", "English1"] and "influence 0.50" in second["items"][0]
    assert other["test"] == ["KarachiLOC", "en", "ltr"]
    assert other["chosen"]["influences-mask"] == "Urdu’s sub-network"
    assert "translates no. 1" in other["items"][1]  # number 6 in Urdu and in English
    assert "<b>rupee</b>" in other["items"][1] and other["bold"] == 0  # text, never markup
    assert odd["chosen"]["influences-task"] == "Named entities" and len(odd["items"]) == 2


@browser
@pytest.mark.parametrize(
    "script, said", [(sentences.script({}), "No influence"), ("", "did not load")]
)
def test_without_data_the_page_says_so_and_keeps_its_table(tmp_path, script, said):
    (seen,) = opened(tmp_path, script, [""])
    assert said in seen["status"] and seen["fallback"] == 1 and not seen["items"]


@browser
def test_every_recorded_selection_can_be_shown(tmp_path):
    """One of each mask, epoch and language, drawn from all."""
    rng, held, hashes, wanted = np.random.default_rng(3), recorded(), [], []
    for task, content in held.items():
        for mask in content["masks"]:
            test = content["tests"][rng.integers(len(content["tests"]))]
            lang, number, pieces, _ = content["sentences"][test["at"]]
            epoch = int(rng.integers(len(content["epochs"])))
            hashes.append(f"#task={task}&lang={lang}&sentence={number}&mask={mask}&epoch={epoch}")
            places = test["best"][mask][epoch][0]
            wanted.append((pieces, [content["sentences"][place] for place in places]))
    seen = opened(tmp_path, sentences.script(held), hashes)
    for shown, (pieces, best) in zip(seen, wanted, strict=True):
        assert shown["test"][0] == "".join(text + label for text, label in pieces)
        assert len(shown["items"]) == len(best)
        for item, (_, _, parts, _) in zip(shown["items"], best, strict=True):
            assert "".join(text + label for text, label in parts) in unescape(item)
