"""An encoder gets the threads that pay for it, and a user's own choice stands."""

import os
import subprocess
import sys

import pytest
import torch
import toys

from lnlib.base import device as threads
from lnlib.base.provenance import machine
from lnlib.states.retrieval import pooled_states
from lnlib.training.loop import train
from lnlib.training.scoring import score

SMALL, LARGE = 4 * 128 * 128, 4 * 256 * 256  # weights of the largest matrix


@pytest.fixture
def torch_has(monkeypatch):
    """Nobody has asked for a number of threads, and this is torch's; cores there are enough."""
    own = torch.get_num_threads()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    monkeypatch.setattr(threads, "_cores", lambda: 64)
    monkeypatch.setattr(threads, "_used", None)
    forget = threads._free_cores.cache_clear
    forget()

    def has(number):
        torch.set_num_threads(number)
        monkeypatch.setattr(threads, "_STARTED_WITH", number)

    yield has
    torch.set_num_threads(own)
    forget()


def test_a_small_encoder_gets_one_thread_and_a_larger_one_torchs(torch_has):
    torch_has(3)
    assert (threads.number(SMALL), threads.number(LARGE)) == (1, 3)


def test_the_encoder_that_ships_is_small_and_the_least_of_the_others_is_not():
    largest = 4 * 128 * 128, 4 * 384 * 384
    assert largest[0] < threads.PAYS <= largest[1]


def test_a_container_gets_no_more_threads_than_its_share_of_cores(torch_has, monkeypatch):
    torch_has(3)
    monkeypatch.setattr(threads, "_cores", lambda: 2)
    assert threads.number(LARGE) == 2


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
def test_a_number_from_outside_stands(torch_has, monkeypatch, name):
    torch_has(3)
    monkeypatch.setenv(name, "3")
    assert threads.number(SMALL) == 3


def test_a_number_that_a_user_has_set_stands(torch_has):
    torch_has(3)
    torch.set_num_threads(2)
    assert (threads.number(SMALL), threads.number(LARGE)) == (2, 2)


def test_torch_has_its_own_number_again_also_after_an_error(torch_has):
    torch_has(3)
    with pytest.raises(KeyboardInterrupt), threads.threads_for(SMALL):
        assert torch.get_num_threads() == 1
        raise KeyboardInterrupt
    assert torch.get_num_threads() == 3


def test_training_scoring_and_states_take_them_and_a_row_says_how_many(torch_has, ner):
    torch_has(2)
    assert machine()["threads"] == 2
    seen, model, tokenizer = [], ner.model(0), ner.encoder.tokenizer
    model.base_model.register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    train(model, ner.data, toys.RECIPE, tokenizer, 0)
    score(model, ner.data, toys.RECIPE, tokenizer, 0)
    pooled_states(model.base_model, ner.data.validation, tokenizer)
    assert set(seen) == {1} and len(seen) > toys.RECIPE.steps
    assert (machine()["threads"], torch.get_num_threads()) == (1, 2)


@pytest.mark.parametrize(
    "settings, spins",
    [({"OMP_WAIT_POLICY": "passive"}, False), ({"GOMP_SPINCOUNT": "0"}, False), ({}, True),
     ({"OMP_WAIT_POLICY": "ACTIVE"}, True)],
)  # fmt: skip
def test_threads_that_spin_get_free_cores_alone(torch_has, monkeypatch, settings, spins):
    torch_has(3)
    monkeypatch.delenv("OMP_WAIT_POLICY")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(threads, "_free_cores", lambda: 1)
    assert threads.number(LARGE) == (1 if spins else 3)


def test_free_cores_are_those_that_idle(torch_has, monkeypatch):
    monkeypatch.setattr(threads, "_LOOK", 0.02)
    ticks = iter([100, 100 + 1.6 * 0.02 * os.sysconf("SC_CLK_TCK")])  # 1.6 cores' worth
    monkeypatch.setattr(threads, "_idle_ticks", lambda: next(ticks))
    assert threads._free_cores() == 2
    assert threads._free_cores() == 2  # asked once: a search is of one number of threads


def test_where_the_system_does_not_say_all_cores_count_as_free(torch_has, monkeypatch):
    def no_proc():
        raise FileNotFoundError

    monkeypatch.setattr(threads, "_idle_ticks", no_proc)
    assert threads._free_cores() == 64


def test_the_system_says_how_long_cores_have_idled():
    if not os.path.exists("/proc/stat"):
        pytest.skip("no Linux")
    assert 0 <= threads._idle_ticks() <= threads._idle_ticks()


def waiting(code, **settings):
    """What OpenMP is told after `code` has run in a new process."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OMP", "GOMP"))} | settings
    code += "; print(os.environ.get('OMP_WAIT_POLICY'))"
    command = [sys.executable, "-c", f"import os, sys; {code}"]
    return subprocess.run(command, env=env, capture_output=True, text=True).stdout.strip()


def test_threads_wait_asleep_unless_torch_is_there_or_a_user_says_otherwise():
    assert waiting("import lnlib") == "PASSIVE"
    assert waiting("sys.modules['torch'] = sys; import lnlib") == "None"
    assert waiting("import lnlib", OMP_WAIT_POLICY="ACTIVE") == "ACTIVE"
