"""One pair through every lens: the page's data are the matrices', and a browser shows the data."""

import json
import re
from functools import cache

import lens_tables
import numpy as np
import pytest
from seen_pages import STATIC, browser, fragment, probed

from lnlib.languages import LANGUAGES
from lnlib.lenses.reading import matrices, pair

CODE = [STATIC / name for name in ("dom.js", "lenses.js", "lenses.css")]
CODES = list(LANGUAGES)
ROUNDED = 0.001  # of a value: four digits are kept


@cache
def tables():
    return lens_tables.tables(noise=0.1)


@cache
def content():
    return pair.data({"demo": tables(), "small": matrices.Tables("small")})


def place(a, b):
    """Where a pair stands, counted by hand."""
    i, j = sorted((CODES.index(a), CODES.index(b)))
    return [(x, y) for x in range(11) for y in range(x + 1, 11)].index((i, j))


def test_every_number_is_the_matrixs_and_its_rank_is_counted():
    (run,) = content()["runs"]  # what has no table is no run
    for lens in pair.LENSES:
        square = matrices.matrix(tables(), lens)
        for a, b in (("en", "ur"), ("hi", "zh"), ("sw", "en")):
            cell = run["views"][lens][""]["pairs"][place(a, b)]
            if a not in square.index or b not in square.index:
                assert cell is None  # the toys' tickets are of nine languages
                continue
            value = square.loc[a, b]
            above = (square.stack().dropna() > value).sum() // 2
            assert cell[0] == pytest.approx(value, rel=ROUNDED) and cell[1] == above + 1


def test_a_layer_has_numbers_of_its_own_and_what_has_no_layers_has_none():
    views = content()["runs"][0]["views"]
    square = matrices.matrix(tables(), matrices.STATES_ALIKE, "2")
    cell = views[matrices.STATES_ALIKE]["3"]["pairs"][place("en", "ur")]
    assert cell[0] == pytest.approx(square.loc["en", "ur"], rel=ROUNDED)
    assert views[matrices.ZERO_SHOT]["3"] is None


def test_the_data_and_the_code_are_small_and_ask_no_other_host():
    text = pair.script(content()) + fragment("lenses")
    text += "".join(path.read_text("utf-8") for path in CODE)
    assert len(text) < 120_000
    assert set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`;]*", text)) <= {
        "http://www.w3.org/2000/svg"
    }


# ---- in a browser ------------------------------------------------------------------------------


def opened(folder, shown, hashes, chosen=(), width=1280):
    """What the page shows from a disk for each hash in turn; `chosen` (select, value) come last."""
    probe = """
    const seen = [], rest = HASHES, chosen = CHOSEN;
    const look = () => {
      const lenses = {};
      for (const tr of document.querySelectorAll("tr[data-lens]"))
        lenses[tr.dataset.lens] = {number: tr.querySelector(".lenses-number").textContent,
          notes: tr.querySelector("th").textContent,
          ticks: tr.querySelectorAll(".lenses-pair").length,
          dot: tr.querySelectorAll(".lenses-here").length};
      seen.push({lenses, status: document.querySelector("[role=status]").textContent,
        labels: [...document.querySelectorAll("select")].every((s) => s.labels.length === 1),
        wide: document.documentElement.scrollWidth - innerWidth, address: location.hash});
      if (rest.length) location.hash = rest.shift();
      else if (chosen.length) {
        const [name, value] = chosen.shift(), select = document.getElementById(`lenses-${name}`);
        select.value = value;
        select.dispatchEvent(new Event("change"));
        look();
      } else document.getElementById("seen").textContent = JSON.stringify(seen);
    };
    addEventListener("hashchange", () => setTimeout(look));
    look();
    """.replace("HASHES", json.dumps(hashes[1:])).replace("CHOSEN", json.dumps(chosen))
    window = f"--window-size={width},900"
    return probed(folder, "lenses", CODE, pair.script(shown), probe, hashes[0], window)


@browser
@pytest.mark.parametrize("width", [1280, 500])  # the narrowest that headless Chromium opens
def test_a_pair_shows_its_numbers_with_their_nulls(tmp_path, width):
    hashes = ["#a=en&b=zh", "#a=zh&b=en&depth=3", "#a=tlh&b=en"]
    whole, layer, unknown = opened(tmp_path, content(), hashes, width=width)
    square = matrices.matrix(tables(), matrices.FISHER)
    shown = whole["lenses"][matrices.FISHER]
    assert shown["number"].startswith(f"{square.loc['en', 'zh']:.1f} %")
    assert "by chance 35.0 to 50.0" in shown["notes"] and shown["ticks"] == 55 and shown["dot"] == 1
    ways = matrices.directed(tables(), matrices.ZERO_SHOT)
    notes = whole["lenses"][matrices.ZERO_SHOT]["notes"]
    assert f"English to Chinese {ways.loc['en', 'zh']:.0f}" in notes.replace("−", "-")
    assert "English and Chinese, the whole encoder, scale demo" in whole["status"]
    assert "Chinese and English, layer 3" in layer["status"]
    assert "it has no layers" in layer["lenses"][matrices.ZERO_SHOT]["notes"]
    assert "English" in unknown["status"]  # an old link is answered with what there is
    assert all(seen["labels"] and seen["wide"] <= 0 for seen in (whole, layer, unknown))


@browser
def test_the_two_selects_change_places_and_the_address_follows(tmp_path):
    seen = opened(tmp_path, content(), ["#a=en&b=ur"], [("a", "ur"), ("depth", "2")])
    assert seen[1]["status"].startswith("Urdu and English")
    assert seen[2]["address"] == "#scale=demo&a=ur&b=en&depth=2"
    assert seen[0]["lenses"][matrices.STATES_ALIKE] == seen[1]["lenses"][matrices.STATES_ALIKE]


@browser
def test_what_was_not_measured_is_said_and_no_number(tmp_path):
    some = lens_tables.tables(lenses=("states",))
    missing, nothing = tmp_path / "some", tmp_path / "nothing"
    missing.mkdir(), nothing.mkdir()
    (seen,) = opened(missing, pair.data({"demo": some}), ["#a=en&b=sw"])
    assert seen["lenses"][matrices.FISHER]["number"] == "not run"
    assert seen["lenses"][matrices.TICKETS]["number"] == "not measured"  # Swahili has none
    (seen,) = opened(nothing, pair.data({}), [""])
    assert not seen["lenses"] and "No lens has been measured" in seen["status"]


def test_values_are_finite_whatever_the_tables_lack():
    for scale in (lens_tables.tables(lenses=("masks",)), lens_tables.tables(lenses=("transfer",))):
        text = pair.script(pair.data({"demo": scale}))  # raises for NaN
        assert json.loads(text.partition("= ")[2].rstrip(";\n"))["runs"]
    assert np.isfinite(pair._short(1 / 3))
