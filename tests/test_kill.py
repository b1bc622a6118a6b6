"""Killed anywhere, or run twice at once, a search ends as one that ran alone and never stopped."""

import random
import signal
import time
from pathlib import Path

import pytest
from stopped import KINDS, LEVELS, TRAININGS, Stop, add_rows, search
from test_tables import row

from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places

RNG = random.Random(20)
# Every kind twice, at a call of its own; and moments that nothing but the clock decides.
STOPS = [
    Stop(kind, call)
    for kind, calls in {
        "in a step": (2, 5),
        "in scoring": (1, 2),
        "in pruning": (1, 1),
        "half-written": (1, 2),
        "before the flush": (1, 2),
        "before the rename": (1, 2),
        "after the rename": (1, 3),
        "before the row": (1, 2),
    }.items()
    for call in calls
]
AT_RANDOM = 6


@pytest.fixture
def child(server, bert):
    """Start a search in a folder."""
    started = []

    def start(folder, stop=None):
        folder.mkdir(exist_ok=True)
        started.append(server.Process(target=search, args=(bert.path, folder, stop)))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        process.kill()


def product(folder):
    """Every byte of the ticket, and every cell of the table but the seconds."""
    home = places(folder, "demo")
    table = home.home / "scores.csv"
    lines = [line.split(",") for line in table.read_text().splitlines()]
    at = lines[0].index("seconds")
    cells = [line[:at] + line[at + 1 : len(tables.SCORES.columns)] for line in lines]
    return home.ticket("ner", "ur", 0).read_bytes(), cells


def trainings(folder):
    return (folder / "trainings").stat().st_size


def ended(process, timeout=120):
    process.join(timeout)
    return process.exitcode


def appears(path, process):
    """Wait until a child has made a file."""
    while not path.exists():
        assert process.is_alive()
        time.sleep(0.01)


@pytest.fixture(scope="module")
def whole(server, bert, tmp_path_factory):
    """What a search leaves that was never stopped, and how long it took (s)."""
    folder = tmp_path_factory.mktemp("whole")
    process = server.Process(target=search, args=(bert.path, folder))
    process.start()
    appears(folder / "started", process)
    began = time.perf_counter()
    assert ended(process) == 0
    assert trainings(folder) == TRAININGS
    return product(folder), time.perf_counter() - began


@pytest.mark.parametrize("seed", range(3))
def test_a_search_killed_again_and_again_ends_as_one_never_stopped(child, whole, tmp_path, seed):
    """A third of all stops in each; together 22 kills, more where the clock hits a start."""
    expected, seconds = whole
    stops = [*STOPS[seed::3], *[None] * (AT_RANDOM // 3)]
    random.Random(seed).shuffle(stops)
    number, folder = 0, tmp_path / "0"
    kills = 0  # in this folder
    while stops:
        stop = stops[-1]
        process = child(folder, stop)
        if stop is None:
            time.sleep(RNG.uniform(0.1, seconds))
            process.kill()
        code = ended(process)
        if code == -signal.SIGKILL:
            stops.pop()
            kills += 1
        else:  # done before the stop was reached: look, and go on in an empty folder
            assert code == 0
            assert product(folder) == expected
            assert trainings(folder) <= TRAININGS + kills
            number, kills = number + 1, 0
            folder = tmp_path / str(number)
    assert ended(child(folder)) == 0
    assert product(folder) == expected
    assert trainings(folder) <= TRAININGS + kills  # a kill costs one training at most


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_stop_is_among_the_kills(kind):
    assert sum(stop.kind == kind for stop in STOPS) == 2
    assert len(STOPS) + AT_RANDOM >= 20


def test_a_finished_search_trains_nothing(child, whole, tmp_path):
    for _ in range(2):
        assert ended(child(tmp_path)) == 0
    assert trainings(tmp_path) == TRAININGS


def test_two_processes_on_one_search_share_its_rounds(child, whole, tmp_path):
    both = [child(tmp_path), child(tmp_path)]
    assert [ended(process) for process in both] == [0, 0]
    assert product(tmp_path) == whole[0]
    assert trainings(tmp_path) == TRAININGS


def test_a_process_that_waits_goes_on_where_a_killed_one_stood(child, whole, tmp_path):
    first = child(tmp_path, Stop("in scoring", 3))
    appears(tmp_path / "trainings", first)
    second = child(tmp_path)
    assert [ended(first), ended(second)] == [-signal.SIGKILL, 0]
    assert product(tmp_path) == whole[0]
    assert trainings(tmp_path) <= TRAININGS + 1


def test_a_reader_beside_a_search_never_sees_half_a_file(child, tmp_path):
    process = child(tmp_path)
    home = places(tmp_path, "demo")
    path = home.ticket("ner", "ur", 0)
    seen = []
    while process.is_alive():
        rows = len(tables.SCORES.read(home.home))
        rounds = len(Ticket.load(path).levels) if path.exists() else 0
        seen.append((rounds, rows))
    assert ended(process) == 0
    assert seen == sorted(seen)  # nothing that was there is ever gone again
    assert Ticket.load(path).levels == LEVELS


def test_eight_processes_on_one_table_lose_and_double_no_row(server, tmp_path):
    """Each adds five rows of its own and five that all add."""
    path = tmp_path / "scores.csv"
    shared = [row(seed=100 + i, value=60 + i) for i in range(5)]
    processes = []
    for number in range(8):
        own = [row(seed=10 * number + i, value=70 + i) for i in range(5)]
        mixed = [r for pair in zip(own, shared, strict=True) for r in pair]
        processes.append(server.Process(target=add_rows, args=(path, mixed)))
        processes[-1].start()
    assert [ended(process) for process in processes] == [0] * 8
    table = tables.read(path)
    expected = [10 * n + i for n in range(8) for i in range(5)] + [100 + i for i in range(5)]
    assert table.seed.tolist() == expected
    assert table.value.tolist() == [70.0 + i for _ in range(8) for i in range(5)] + [
        60.0 + i for i in range(5)
    ]
    assert {p.name for p in Path(tmp_path).iterdir()} == {"scores.csv", ".scores.csv.lock"}
