"""The overlap explorer: its data are the table's, and a browser shows the data.

Shares travel as hundredths of a percent, so that half of one (0.005) is what rounding can take; a
cell prints one decimal of that, which takes another half of its own last digit (0.05).
"""

import json
import re
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import synthetic
from house import ROOT
from seen_pages import STATIC, browser, fragment, probed

from lnlib.languages import LANGUAGES
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.coverage import PAPER_COVERAGE, TASKS
from lnlib.papers.foroutan.reading import explorer
from lnlib.papers.foroutan.scales import SCALES

CODE = [STATIC / name for name in ("dom.js", "explorer.js", "explorer.css")]
ROUNDED, PRINTED = 0.005 + 1e-9, 0.055 + 1e-9  # the last term: binary fractions


@cache
def recorded():
    paths = {scale: ROOT / "results/foroutan" / scale / "overlap.csv" for scale in SCALES}
    return {scale: tables.read(path) for scale, path in paths.items() if path.exists()}


@cache
def three_seeds():
    """NER with three seeds, MLM with one."""
    parts = synthetic.overlap(tasks=("ner",), seeds=3), synthetic.overlap(tasks=("mlm",), seeds=1)
    return pd.concat(parts, ignore_index=True)


@cache
def content_of(make):
    """The page's data of the recorded tables or of the made-up one; made once for all tests."""
    return explorer.data(make() if make is recorded else {"demo": make()})


def selections(content):
    return [(run, part) for run in content["runs"] for part in run["parts"]]


def cells(run, part):
    """Cells by pair of languages, both ways."""
    found = iter(part["cells"])
    both = {}
    for place, b in enumerate(run["langs"]):
        for a in run["langs"][: place + 1]:
            both[a, b] = both[b, a] = next(found)
    assert next(found, "end") == "end"
    return both


def tickets_in(table, run, part):
    """Rows of the table for one selection, two tickets each, found without the library."""
    by = "layer" if part["layer"] else "component" if part["component"] else "all"
    rows = table[(table["scale"] == run["scale"]) & (table["sparsity"] == run["level"])]
    rows = rows[(rows["by"] == by) & (rows["part"].astype(str) == part.get(by, by))]
    for side in "ab":
        rows = rows[(rows[f"method_{side}"] == "ticket") & (rows[f"task_{side}"] == run["task"])]
    return rows


def shares(rows, a, b):
    """Jaccard and expected, in %, of every pair of masks that one cell stands for.

    Pairs of two seeds, or of one where some pair of languages lacks them; on the diagonal, of two.
    """
    two_seeds = rows["seed_a"] != rows["seed_b"]
    pairs = pd.Series(map(frozenset, rows[["lang_a", "lang_b"]].to_numpy()), index=rows.index)
    everywhere = set(pairs[~two_seeds]) <= set(pairs[two_seeds])
    wanted = two_seeds if a == b or everywhere else ~two_seeds
    rows = rows[wanted & (pairs == frozenset((a, b)))]
    return 100 * rows[["jaccard", "expected"]].to_numpy(float)


@pytest.mark.parametrize("make", [recorded, three_seeds])
def test_every_cell_is_the_mean_of_its_rows(make):
    by_scale = recorded() if make is recorded else {"demo": three_seeds()}
    for run, part in selections(content_of(make)):
        rows = tickets_in(by_scale[run["scale"]], run, part)
        for (a, b), cell in cells(run, part).items():
            found = shares(rows, a, b)
            if cell is None:
                assert not len(found), (a, b)
                continue
            expected = [*found.mean(axis=0)]
            if len(found) > 1:
                expected += [found[:, 0].min(), found[:, 0].max()]
            assert np.abs(np.array(cell[:4]) / 100 - expected).max() <= ROUNDED, (a, b)
            assert len(found) == (cell[4] if len(cell) > 2 else 1), (a, b)


def test_the_comparisons_of_the_whole_mask_are_those_of_the_comparisons():
    table = three_seeds()
    for run, part in selections(content_of(three_seeds)):
        if part["layer"]:
            continue
        means = nulls.comparisons(table, run["task"]).groupby("comparison")["jaccard"].mean()
        there = {r: v for r, v in zip(nulls.COMPARISONS, part["comparisons"], strict=True) if v}
        assert set(there) == set(means.index)
        for comparison, values in there.items():
            assert abs(values[0] / 100 - means[comparison]) <= ROUNDED


def test_a_comparison_counts_each_pair_of_masks_once():
    run, part = next(s for s in selections(content_of(three_seeds)) if s[0]["task"] == "ner")
    count = {r: v[3] for r, v in zip(nulls.COMPARISONS, part["comparisons"], strict=True) if v}
    n = len(run["langs"])
    assert count["other language, same seed"] == n * (n - 1) // 2
    assert count["other language, other seed"] == 4 * n * (n - 1) // 2  # 0-1, 1-0, 0-2, 2-0
    assert count["same language, other seed"] == 2 * n and count["random mask"] == n


def test_a_layer_has_a_comparison_of_its_own():
    """The made-up overlap rises by one point a layer, with noise of 0.3 points a pair."""
    parts = explorer.data({"demo": synthetic.overlap(tasks=("mlm",))})["runs"][0]["parts"]
    comparison = nulls.COMPARISONS.index("other language, same seed")
    means = [part["comparisons"][comparison][0] for part in parts if part["layer"]]
    assert len(means) == 6 and all(50 < step < 150 for step in np.diff(means))


def test_a_comparison_that_was_not_run_is_missing():
    table = synthetic.overlap(tasks=("ner",), seeds=1)
    part = explorer.data({"demo": table[table["method_b"] != "shuffled"]})["runs"][0]["parts"][0]
    there = {
        comparison
        for comparison, values in zip(nulls.COMPARISONS, part["comparisons"], strict=True)
        if values
    }
    assert set(nulls.COMPARISONS) - there == {
        "shuffled labels",
        "other task, same language",
        "other language, other seed",
        "same language, other seed",
    }


def test_languages_come_in_the_books_order():
    for run, _ in selections(content_of(three_seeds)):
        assert run["langs"] == [code for code in LANGUAGES if code in PAPER_COVERAGE[run["task"]]]


def test_a_layer_within_a_component_is_found_in_its_matrix():
    table = synthetic.overlap(tasks=("ner",))
    matrix = table[table["by"] == "layer"].assign(
        by="matrix", part=lambda r: "bert.encoder.layer." + r["part"] + ".output.dense"
    )
    content = explorer.data({"demo": pd.concat([table, matrix], ignore_index=True)})
    crossed = {(p["layer"], p["component"]) for _, p in selections(content) if p["component"]}
    assert crossed == {(str(layer), "output.dense") for layer in range(6)}
    assert not any("together" in line for line in content["notRun"])


def test_what_has_not_been_run_is_said_in_words():
    table = synthetic.overlap(tasks=("ner",))
    without = table[(table["lang_a"] != "zh") & (table["lang_b"] != "zh")]
    said = " ".join(explorer.data({"demo": without})["notRun"])
    for gap in (
        "small: not run",
        "paper: not run",
        TASKS["mlm"].title,
        TASKS["xnli"].title,
        "Chinese",
    ):
        assert gap in said
    assert "Urdu" not in said


def test_the_recorded_data_and_the_code_stay_under_300_kb():
    code = CODE
    text = explorer.script(content_of(recorded))
    assert len(text.encode()) + sum(path.stat().st_size for path in code) < 300_000


def test_nothing_is_asked_from_another_host():
    """Of the addresses in code and data, one may stay: the name of SVG's vocabulary."""
    text = explorer.script(content_of(recorded)) + fragment("explorer")
    text += "".join(path.read_text("utf-8") for path in CODE)
    assert set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`;]*", text)) <= {
        "http://www.w3.org/2000/svg"
    }


# ---- in a browser ------------------------------------------------------------------------------


def opened(folder, content, hashes, keys=()):
    """What the page shows from a disk for each hash in turn, the first one at its opening.

    Keys are pressed before the last look, on the cell that the tab key reaches.
    """
    probe = """
    const seen = [], rest = HASHES, keys = KEYS;
    const press = () => {
      if (keys.length) document.querySelector("td[tabindex='0']").focus();
      for (const key of keys)
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    };
    const look = () => {
      if (!rest.length) press();
      const cells = {}, comparisons = {};
      for (const td of document.querySelectorAll("td[data-pair]"))
        cells[td.dataset.pair] = td.classList.contains("explorer-missing")
          ? td.querySelector(".explorer-hidden").textContent : td.textContent;
      for (const tr of document.querySelectorAll("tr[data-comparison]"))
        comparisons[tr.dataset.comparison] = tr.lastChild.textContent;
      seen.push({cells, comparisons, text: document.getElementById("explorer").textContent,
        detail: document.querySelector(".explorer-detail")?.textContent,
        status: document.querySelector("[role=status]")?.textContent,
        reached: document.querySelectorAll("td[tabindex='0']").length, address: location.hash});
      if (rest.length) location.hash = rest.shift();
      else document.getElementById("seen").textContent = JSON.stringify(seen);
    };
    addEventListener("hashchange", () => setTimeout(look));
    look();
    """.replace("HASHES", json.dumps(hashes[1:])).replace("KEYS", json.dumps(keys))
    return probed(folder, "explorer", CODE, explorer.script(content), probe, hashes[0])


def address(run, part):
    return "#" + "&".join(
        f"{key}={value}"
        for key, value in {**run, **part}.items()
        if key in ("scale", "task", "level", "layer", "component") and value
    )


@browser
def test_ten_selections_show_what_the_tables_say(tmp_path):
    """Five of the recorded tables and five made up, with several seeds; in one visit."""
    by_scale = {**recorded(), "paper": three_seeds().assign(scale="paper")}
    content = {**content_of(recorded)}
    made_up = [{**run, "scale": "paper"} for run in content_of(three_seeds)["runs"]]
    content["runs"] = content["runs"] + made_up
    there = selections(content)
    rng = np.random.default_rng(7)
    recorded_ones = [s for s in there if s[0]["scale"] != "paper"]
    others = [s for s in there if s[0]["scale"] == "paper"]
    chosen = [
        group[i]
        for group in (recorded_ones, others)
        if group
        for i in rng.choice(len(group), 5, replace=len(group) < 5)
    ]
    pairs = [tuple(rng.choice(run["langs"], 2)) for run, _ in chosen]
    hashes = [f"{address(*s)}&pair={a}-{b}" for s, (a, b) in zip(chosen, pairs, strict=True)]
    all_seen = opened(tmp_path, content, hashes)
    for seen, (run, part), (a, b) in zip(all_seen, chosen, pairs, strict=True):
        rows = tickets_in(by_scale[run["scale"]], run, part)
        assert set(seen["cells"]) == {f"{x}-{y}" for x in run["langs"] for y in run["langs"]}
        for pair, text in seen["cells"].items():
            found = shares(rows, *pair.split("-"))
            if len(found):
                assert abs(float(text) - found[:, 0].mean()) <= PRINTED, pair
            else:
                assert text == "not measured", pair
        assert list(seen["comparisons"]) == list(nulls.COMPARISONS)
        for comparison, values in zip(nulls.COMPARISONS, part["comparisons"], strict=True):
            assert seen["comparisons"][comparison] == (
                f"{values[0] / 100:.2f}" if values else "not run"
            )
        found = shares(rows, a, b)
        assert seen["detail"].startswith(LANGUAGES[a].name)
        if len(found):
            number = float(re.search(r"([\d.]+) %", seen["detail"])[1])
            assert abs(number - found[:, 0].mean()) <= ROUNDED
            assert (f"{len(found)} pairs" in seen["detail"]) == (len(found) > 1)
        else:
            assert "not measured" in seen["detail"]
        assert run["scale"] in seen["status"] and f"{run['level']} %" in seen["status"]


@browser
def test_a_missing_pair_is_an_empty_cell_and_an_old_link_is_answered(tmp_path):
    table = synthetic.overlap(tasks=("ner",), seeds=1)
    gap = table[(table["lang_a"] != "en") | (table["lang_b"] != "ur")]
    content = explorer.data({"demo": gap})
    hashes = ["#pair=ur-en", "#task=xnli&layer=3&component=output.dense", "#layer=4"]
    whole, old, layer = opened(tmp_path, content, hashes)
    empty = {pair for pair, text in whole["cells"].items() if text == "not measured"}
    diagonal = {f"{code}-{code}" for code in PAPER_COVERAGE["ner"]}
    assert empty == {"en-ur", "ur-en"} | diagonal
    assert whole["detail"] == "Urdu and English: not measured."
    assert whole["comparisons"]["same language, other seed"] == "not run"
    assert "“xnli”" in old["status"] and "layer 3:" in old["status"]
    assert "layer 4:" in layer["status"]
    n = len(PAPER_COVERAGE["ner"])
    in_table = len(list(combinations(range(n), 2))) - 1
    assert f"{in_table} of {in_table + 1} pairs" in whole["status"]


@browser
def test_arrow_keys_move_through_the_matrix_and_the_address_follows(tmp_path):
    content = explorer.data({"demo": synthetic.overlap(tasks=("ner",))})
    first, second, *_ = content["runs"][0]["langs"]
    keys = ["ArrowLeft", "ArrowRight", "ArrowDown", "Home", "ArrowRight", "ArrowUp"]
    (seen,) = opened(tmp_path, content, ["#layer=2"], keys)
    assert seen["detail"].startswith(f"{LANGUAGES[first].name} and {LANGUAGES[second].name}: ")
    assert seen["reached"] == 1  # the tab key leaves the matrix again
    assert {"layer=2", f"pair={first}-{second}"} <= set(seen["address"][1:].split("&"))


@browser
def test_with_empty_tables_the_page_says_that_nothing_was_run(tmp_path):
    content = explorer.data({"demo": synthetic.overlap().iloc[:0]})
    (seen,) = opened(tmp_path, content, [""])
    assert not seen["cells"] and "No overlap has been measured yet" in seen["text"]
