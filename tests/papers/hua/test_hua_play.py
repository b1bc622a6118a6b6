"""The page to play on: the committed networks are what they are said to be, and a browser plays the
engine's games and computes torch's numbers.

Pages are opened from a disk, with the book's themes around them but not the book; test_built_book
looks at the built page.
"""

import re
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from seen_pages import CHROMIUM
from test_built_book import DESK, PHONE, STICKING_OUT, Reader

from lnlib.base.errors import UserError
from lnlib.papers.hua import figures
from lnlib.papers.hua.network.model import asleep, hidden
from lnlib.papers.hua.page import asset, networks, packing
from lnlib.papers.hua.probing.scores import probe_games
from lnlib.papers.hua.probing.states import boards
from lnlib.papers.hua.scales import SCALES
from lnlib.papers.hua.world.boards import unpack
from lnlib.papers.hua.world.games import OVER, generate, replay

ROOT = Path(__file__).resolve().parents[3]
STATIC = ROOT / "book" / "_static"
PARTS = [STATIC / "dom.js", *sorted(STATIC.glob("othello-*"))]
CONTENT = asset.read(STATIC / "othello-networks.js")
NAMES = [network["name"] for network in CONTENT["networks"]]
PAGE = "book/play"
AGREE = 1e-3  # JavaScript counts in 64 bits, torch in 32; its error function is within 2e-7
browser = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on PATH to open the pages with")


# ---- the committed file ------------------------------------------------------------------------


@pytest.mark.parametrize("network", CONTENT["networks"], ids=NAMES)
def test_what_is_said_of_a_network_is_measured_of_its_rounded_weights(network):
    found = networks.measured(network)
    for what, values in network["measured"].items():
        # a state of 400 games that another processor rounds the other way is 1 of 4,000
        assert np.abs(np.array(found[what]) - values).max() < 0.1, what
    assert networks.readings(network, CONTENT["openings"][0]) == network["opening"]


def test_the_file_is_of_the_present_settings():
    assert CONTENT["about"]["recipe"] == networks.PAGE.hash("alignment")
    assert NAMES == list(networks.METHODS)
    demo = SCALES["demo"]  # "half as wide and twice as long as on the other pages"
    assert 2 * CONTENT["about"]["width"] == demo.size.width
    assert CONTENT["about"]["steps"] == 2 * demo.training.steps


def test_what_is_commonest_is_counted_over_the_games_of_the_probe():
    spoken = networks.unpacked(CONTENT["networks"][0])[1]
    train, test = probe_games(spoken, *networks.PAGE.probe_games, networks.SEED)
    told = boards(train)
    for move, row in enumerate(CONTENT["usual"]):
        counts = [
            np.bincount(column, minlength=3) for column in told.classes[told.move == move].T.numpy()
        ]
        assert [count[value] for count, value in zip(counts, row, strict=True)] == [
            count.max() for count in counts
        ]
    assert CONTENT["openings"] == networks.openings(test)


def test_the_last_opening_has_a_pass():
    last = CONTENT["openings"][-1]
    mover = replay("4x4", np.array(last)).mover[0, : len(last)]
    assert mover[-1] == mover[-2]


def test_page_and_networks_are_under_400_kb():
    page = (ROOT / "book" / "play.md").read_text(encoding="utf-8")
    drawn = figures.position(CONTENT)._repr_svg_()
    assert sum(path.stat().st_size for path in PARTS) + len(page) + len(drawn) < 400_000


def test_rounded_weights_are_within_half_a_step_of_a_row():
    matrix, vector = torch.randn(7, 5), torch.randn(5)
    matrix[3] = 0
    found = packing.unpack(packing.pack({"a": matrix, "b": vector}))
    step = matrix.abs().amax(1, keepdim=True) / 127
    assert ((found["a"] - matrix).abs() <= step * 0.5001).all()
    assert torch.equal(found["b"], vector)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[:-500], "torn"),
        (lambda text: text.replace("rows", "cols", 2), "torn|damaged"),
        (
            lambda text: re.sub(r"(\"naive\".*?\"read\":\[)[\d.]+", r"\g<1>99.9", text, count=1),
            "damaged",
        ),
        (lambda text: "{}", "torn"),
    ],
)
def test_a_torn_or_changed_file_is_refused(tmp_path, spoil, said):
    path = tmp_path / "networks.js"
    text = (STATIC / "othello-networks.js").read_text(encoding="ascii")
    path.write_text(spoil(text), encoding="ascii")
    assert path.read_text(encoding="ascii") != text
    with pytest.raises(UserError, match=said):
        asset.read(path)
    asset.write(path, CONTENT)
    assert path.read_text(encoding="ascii") == text


# ---- in a browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The page's part of book/play.md, in a folder laid out as the book's."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").mkdir(), (folder / "book").mkdir()
    theme = files("pydata_sphinx_theme") / "theme/pydata_sphinx_theme/static/styles"
    own = files("sphinx_book_theme") / "theme/sphinx_book_theme/static/styles"
    sheets = [
        Path(str(theme / "pydata-sphinx-theme.css")),
        Path(str(own / "sphinx-book-theme.css")),
    ]
    for path in [*PARTS, *sheets, STATIC / "book.css"]:
        shutil.copy(path, folder / "_static")
    text = (ROOT / "book" / "play.md").read_text(encoding="utf-8")
    (fragment,) = re.findall(r"```\{raw\} html\n(.*?)```", text, re.DOTALL)
    links = "".join(
        f'<link rel="stylesheet" href="../_static/{path.name}">'
        for path in [*sheets, STATIC / "book.css"]
    )
    theme = "matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"
    (folder / "book" / "play.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Play</title>'
        f'<meta name="viewport" content="width=device-width">{links}'
        f"<script>document.documentElement.dataset.theme = {theme}</script>"
        f'<body><main class="bd-article"><h1>Play</h1>{fragment}'
        f'<div class="cell"><figure id="fig-othello-position">one position</figure></div></main>',
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def reader(chromium, site):
    """A new window on a desk, in light mode."""
    found = Reader(chromium, site, DESK, "light")
    yield found
    assert not found.errors
    assert all(address.startswith("file:") for address in found.asked)
    found.window.close()


@pytest.fixture(scope="module")
def page(chromium, site):
    """The page, which many tests look at; each goes to the state that it is about."""
    reader = Reader(chromium, site, DESK, "light")
    yield reader.open(PAGE)
    assert not reader.errors
    reader.window.close()


@browser
def test_the_browser_plays_the_games_of_the_engine(page):
    games = generate("4x4", 200, seed=11)
    rows = [[s for s in moves if s != OVER] for moves in games.moves.tolist()]
    lines = page.evaluate(
        """games => games.map((moves) => othello.rules.replay(4, 4, moves)
          .map(({ discs, legal, mover, passed }) => ({ discs, legal, mover, passed })))""",
        rows,
    )
    legal, states = unpack(games.legal, 16), games.states()
    passes = 0
    for game, line in enumerate(lines):
        for ply, at in enumerate(line):
            wanted = legal[game, ply].nonzero()[0].tolist() if ply < 12 else []
            assert at["legal"] == wanted
            if ply:
                assert at["discs"] == states[game, ply - 1].tolist()
                assert at["mover"] == 2 * (1 - games.mover[game, ply - 1])  # 2 black, 0 white
            passes += at["passed"]
        assert not line[-1]["legal"]
    assert passes > 50  # so the rule is exercised


@browser
@pytest.mark.parametrize("network", CONTENT["networks"], ids=NAMES)
def test_logits_states_and_scores_are_torchs(page, network):
    model, spoken, probe = networks.unpacked(network)
    games = generate("4x4", 6, seed=12)
    begun = [(k, m[:n]) for m in games.moves.tolist() for k in (0, 1) for n in (1, 4, 7, 11)]
    begun = [(k, m) for k, m in begun if OVER not in m]
    texts = [[spoken.words(k)[square][0] for square in moves] for k, moves in begun]
    found = page.evaluate(
        """([name, texts]) => {
          const network = othello.network(othelloNetworks.networks.find((n) => n.name === name));
          const { probed } = othelloNetworks.networks.find((n) => n.name === name);
          return texts.map((tokens) => {
            const { states, logits } = network.read(tokens);
            return { logits: logits.slice(1), states, scores: network.probe(states[probed]),
              shares: othello.softmax(logits), board: network.board(tokens) };
          });
        }""",
        [network["name"], texts],
    )
    assert len(begun) > 40
    for tokens, answer in zip(texts, found, strict=True):
        with asleep(model):
            ids = torch.tensor([tokens])
            logits = model(input_ids=ids).logits[0, -1]
            states = [hidden(model, ids, layer)[0, -1] for layer in range(4)]
            scores = probe(states[network["probed"]][None])[0]
        logits[0] = -torch.inf
        shares = logits.softmax(-1)
        for mine, wanted in (
            (answer["logits"], logits[1:]), (answer["shares"], shares), (answer["scores"], scores),
            *zip(answer["states"], states, strict=True),
        ):  # fmt: skip
            assert np.abs(np.array(mine) - wanted.numpy()).max() < AGREE
        assert answer["board"] == scores.argmax(-1).tolist()


def go(window, name, language, moves):
    """Show a state by its address, as a link or the back button would."""
    squares = "".join(name_of(square) for square in moves)
    window.evaluate(
        """hash => new Promise((done) => {
          if (location.hash === hash) done();
          addEventListener("hashchange", () => setTimeout(done), { once: true });
          location.hash = hash;
        })""",
        f"#network={name.replace(' ', '+')}&language={language}&moves={squares}",
    )


def name_of(square):
    return "abcd"[square % 4] + str(square // 4 + 1)


def seen(window):
    """What stands on the page."""
    return window.evaluate(
        """() => ({
          squares: Object.fromEntries([...document.querySelectorAll("button[data-square]")]
            .map((each) => [each.dataset.square, each.ariaLabel])),
          read: [...document.querySelectorAll(".othello-readings table")].map((table) =>
            [...table.querySelectorAll("[data-square]")].map((cell) => cell.textContent)),
          said: [...document.querySelectorAll("#othello [role=status] p")]
            .map((line) => line.textContent),
          focus: document.activeElement.dataset.square, address: location.hash })"""
    )


@browser
@pytest.mark.parametrize("network", CONTENT["networks"], ids=NAMES)
@pytest.mark.parametrize("moves", [CONTENT["openings"][0], CONTENT["openings"][-1]], ids=len)
def test_boards_and_sentences_say_what_the_probe_reads_and_the_network_expects(
    page, network, moves
):
    model, spoken, _ = networks.unpacked(network)
    go(page, network["name"], "B", moves)
    there, game = seen(page), replay("4x4", np.array(moves))
    true, legal = game.states()[0, len(moves) - 1], unpack(game.legal, 16)[0, len(moves)]
    words, right = ("white", "empty", "black"), []
    for cells, read in zip(there["read"], networks.readings(network, moves), strict=True):
        wanted = [
            words[r] + (f", wrong: it is {words[t]}" if r != t else "")
            for r, t in zip(read, true, strict=True)
        ]
        assert cells == wanted
        right.append(sum(r == t for r, t in zip(read, true, strict=True)))
    usual = int((np.array(CONTENT["usual"][len(moves) - 1]) == true).sum())
    moved, answered, reads = there["said"]
    assert re.findall(r"\d+ (?:right from|squares|moves|\.)|\d+", reads) == [
        "16 squares", f"{right[0]} right from", f"{right[1]}", f"{len(moves)} moves", f"{usual}"
    ]  # fmt: skip
    assert ("passes" in moved) == (game.mover[0, len(moves) - 1] == game.mover[0, len(moves) - 2])
    with asleep(model):
        logits = model(input_ids=torch.tensor([[spoken.words(1)[s][0] for s in moves]])).logits
    logits[..., 0] = -torch.inf
    shares = logits[0, -1].softmax(-1)
    own = {square: float(shares[word[0]]) for square, word in spoken.spoken(1).items()}
    on_legal = 100 * sum(own[square] for square in np.nonzero(legal)[0])
    # printed without decimals, and torch's last digits may tip the rounding
    assert abs(int(re.search(r"(\d+) % of its probability", answered)[1]) - on_legal) < 0.51
    for square, label in enumerate(there["squares"].values()):
        assert label.startswith(f"{name_of(square)}, {words[true[square]]}")
        assert ("may move here" in label) == legal[square]
        share = re.search(r"network (\d+) %", label)
        assert abs(int(share[1] if share else 0) - 100 * own.get(square, 0)) < 0.51


@browser
def test_a_game_is_played_undone_and_linked_to_by_keyboard_alone(reader):
    window = reader.open(PAGE, "#network=naive&language=A&moves=")
    keys = window.keyboard
    for _ in range(30):  # by the tab key alone
        keys.press("Tab")
        if seen(window)["focus"]:
            break
    assert seen(window)["focus"] == "a1"
    keys.press("ArrowUp"), keys.press("Enter")
    assert "a1 is no legal move" in seen(window)["said"][0]
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"):
        keys.press(key)
    assert seen(window)["focus"] == "d3"
    keys.press("Space")
    first = seen(window)
    assert first["focus"] == "d3" and first["address"].endswith("moves=d3")
    assert first["squares"]["d3"].startswith("d3, black")
    assert "turned over c3" in first["said"][0] and "White is to move" in first["said"][0]
    assert " 16 squares it reads " in first["said"][2]
    keys.press("Tab"), keys.press("Enter")  # the first button after the board takes the move back
    undone = seen(window)
    assert undone["squares"]["d3"].startswith("d3, empty, black may move here")
    keys.press("Enter")  # and has nothing to do now
    assert seen(window) == undone
    assert window.evaluate("document.activeElement.textContent") == "Undo"


@browser
def test_nothing_is_read_before_the_first_move_and_after_a_whole_game(page):
    whole = next(m for m in generate("4x4", 50, seed=3).moves.tolist() if OVER not in m)
    for moves, said in (([], "before the first move"), (whole, "last move of a whole game")):
        go(page, "naive", "A", moves)
        there = seen(page)
        assert said in there["said"][2] and there["said"][1] == ""
        assert all(cell == "not read" for cells in there["read"] for cell in cells)
    assert "The game is over" in seen(page)["said"][0]
    buttons = {
        text: page.get_by_role("button", name=text, exact=True)
        for text in ("Random move", "Network’s move", "Undo")
    }
    disabled = {text: each.get_attribute("aria-disabled") for text, each in buttons.items()}
    assert disabled == {"Random move": "true", "Network’s move": "true", "Undo": "false"}


@browser
def test_buttons_play_legal_moves_until_the_game_is_over(page):
    go(page, "unified output", "A", CONTENT["openings"][0])
    expected = {
        int(label.rsplit("network ", 1)[1].split()[0]): square
        for square, label in seen(page)["squares"].items()
        if "may move here, network" in label
    }
    page.get_by_role("button", name="Network’s move").click()
    assert seen(page)["address"].endswith(expected[max(expected)])
    random = page.get_by_role("button", name="Random move")
    for _ in range(12):
        random.click(force=True)  # inert at the end
    assert "The game is over" in seen(page)["said"][0]
    page.get_by_role("button", name="New game").click()
    assert seen(page)["address"].endswith("moves=")
    page.get_by_label("Recorded openings").select_option(index=1)
    assert seen(page)["address"].endswith("".join(map(name_of, CONTENT["openings"][0])))


@browser
@pytest.mark.parametrize(
    ("hash", "kept"),
    [
        ("#network=naive&language=B&moves=d3d3a1", "#d3"),  # the second is not legal
        ("#network=of+last+year&language=Z&moves=a1", "#"),
        ("#what-these-networks-are", ""),  # a heading's, not the board's
    ],
)
def test_an_address_that_says_nonsense_shows_what_it_can(reader, hash, kept):
    window = reader.open(PAGE, hash)
    played = [s for s, label in seen(window)["squares"].items() if "empty" not in label]
    if kept:
        assert len(played) == 4 + len(kept[1:]) // 2
    else:
        assert len(played) == 4 + len(CONTENT["openings"][0])


@browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_board_fits_the_window_and_axe_finds_nothing_serious(chromium, site, width, theme):
    reader = Reader(chromium, site, width, theme)
    window = reader.open(PAGE)
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    assert not window.evaluate(STICKING_OUT)
    box = window.locator("button[data-square=a1]").bounding_box()
    assert min(box["width"], box["height"]) >= 44  # what a finger hits
    assert not reader.grave("#othello")
    window.close()


@browser
def test_without_scripts_a_sentence_and_a_figure_stand_there(chromium, site):
    for scripts in (True, False):
        context = chromium.new_context(java_script_enabled=scripts)
        window = context.new_page()
        window.goto((site / f"{PAGE}.html").as_uri())
        assert window.get_by_text("Without it, the figure").is_visible() != scripts
        assert window.locator("#fig-othello-position").is_visible() != scripts
        context.close()


@browser
def test_without_the_networks_the_page_says_so(chromium, site, tmp_path):
    shutil.copytree(site, tmp_path / "site")
    (tmp_path / "site/_static/othello-networks.js").unlink()
    reader = Reader(chromium, tmp_path / "site", DESK, "light")
    window = reader.open(PAGE)
    assert "othello-networks.js should lie beside" in window.inner_text("[role=status]")
    assert window.locator("#fig-othello-position").is_visible()
    window.close()
