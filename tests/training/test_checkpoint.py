"""A checkpoint: a training goes on from it exactly, or is told why it cannot."""

import os
import signal

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from lnlib.base.errors import UserError
from lnlib.training import checkpoint
from lnlib.training.loop import fit

MADE_WITH = "recipe data"
STEPS = 6


class Net(nn.Module):
    """Dropout, a matrix that two layers share, a bias, and one that is never used."""

    def __init__(self, width=4):
        super().__init__()
        self.first, self.last = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.last.weight = self.first.weight
        self.dropout, self.unused = nn.Dropout(0.5), nn.Linear(1, 1)

    def forward(self, x):
        return self.last(self.dropout(self.first(x).relu()))


OPTIMIZERS = {
    "adamw": lambda p: torch.optim.AdamW(p, weight_decay=0.0, fused=True),
    "adamw in two groups": lambda p: torch.optim.AdamW([{"params": p[1:]}, {"params": p[:1]}]),
    "momentum": lambda p: torch.optim.SGD(p, momentum=0.9),
    "sgd": lambda p: torch.optim.SGD(p),
}


def start(optimizer="adamw", width=4):
    torch.manual_seed(0)
    model = Net(width).train()
    return model, OPTIMIZERS[optimizer](list(model.parameters()))


def train(model, optimizer, path, first=0, last=STEPS, every=2):
    """Steps `first` to `last` on batches that follow from their step; a checkpoint every other."""

    def steps():
        for step in range(first, last):
            generator = torch.Generator().manual_seed(step)
            yield torch.randn(3, 4, generator=generator), 0.1 / (step + 1)

    def after(number, _loss):
        done = first + number + 1
        if done % every == 0:
            checkpoint.save(path, model, optimizer, MADE_WITH, {"step": done})

    return fit(model, steps(), lambda m, x: m(x).square().mean(), optimizer, 1.0, after=after)


def weights(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_training_that_goes_on_ends_where_one_never_stopped_does(tmp_path, kind):
    whole, optimizer = start(kind)
    losses = train(whole, optimizer, tmp_path / "whole")
    cut, optimizer = start(kind)
    train(cut, optimizer, tmp_path / "cut", last=5)  # one step after its last checkpoint
    again, optimizer = start(kind)
    torch.manual_seed(99)  # whatever was drawn before in this process
    at = checkpoint.resume(tmp_path / "cut", again, optimizer, MADE_WITH)
    assert at == {"step": 4}
    assert train(again, optimizer, tmp_path / "cut", first=4) == losses[4:]
    assert equal(weights(again), weights(whole))
    assert again.last.weight is again.first.weight
    assert equal(load_file(tmp_path / "cut"), load_file(tmp_path / "whole"))


def test_without_a_file_nothing_is_set(tmp_path):
    model, optimizer = start()
    before = weights(model)
    assert checkpoint.resume(tmp_path / "none", model, optimizer, MADE_WITH) is None
    assert equal(weights(model), before) and not optimizer.state


@pytest.fixture
def kept(tmp_path):
    model, optimizer = start()
    train(model, optimizer, tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


def refused(path, made_with=MADE_WITH, **more):
    """The message, after a look that nothing was set."""
    model, optimizer = start(**more)
    before, drawn = weights(model), torch.get_rng_state()
    with pytest.raises(UserError) as error:
        checkpoint.resume(path, model, optimizer, made_with)
    assert equal(weights(model), before) and not optimizer.state
    assert torch.equal(torch.get_rng_state(), drawn)
    assert str(path) in str(error.value)
    return str(error.value)


def test_another_trainings_checkpoint_is_refused(kept):
    before = kept.read_bytes()
    assert "recipe data, now recipe other" in refused(kept, "recipe other")
    assert "another model: 'first.weight' is (4, 4), and (5, 5)" in refused(kept, width=5)
    save_file({}, kept)
    assert "not noted" in refused(kept)
    kept.write_bytes(before)
    model, optimizer = start()
    assert checkpoint.resume(kept, model, optimizer, MADE_WITH) == {"step": 6}


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.999])
def test_a_cut_file_is_refused(kept, share):
    whole = kept.read_bytes()
    kept.write_bytes(whole[: int(share * len(whole))])
    assert "cut or no checkpoint" in refused(kept)


def test_a_changed_byte_of_a_tensor_or_of_the_header_is_noticed(kept):
    whole = kept.read_bytes()
    for at in (len(whole) - 1, whole.index(b'{\\"step\\": 6}') + 11):
        kept.write_bytes(whole[:at] + b"7" + whole[at + 1 :])
        assert "checksum" in refused(kept)


def test_a_folder_in_its_place_is_refused(tmp_path):
    assert "cannot read" in refused(tmp_path)


def die_in(path, moment):
    """A child: at the third checkpoint it is killed, half-way through the file or before it has
    its name."""
    written, replace = type(path).write_bytes, os.replace
    calls = iter(range(3))

    def half(file, data):
        written(file, bytes(data)[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    def third(real, stand_in):
        return lambda *args: (stand_in if next(calls) == 2 else real)(*args)

    if moment == "half-written":
        type(path).write_bytes = third(written, half)
    else:
        os.replace = third(replace, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    train(*start(), path)


@pytest.mark.parametrize("moment", ["half-written", "before the rename"])
def test_killed_while_it_writes_it_goes_on_from_the_checkpoint_before(server, tmp_path, moment):
    path = tmp_path / "checkpoint"
    child = server.Process(target=die_in, args=(path, moment))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    model, optimizer = start()
    assert checkpoint.resume(path, model, optimizer, MADE_WITH) == {"step": 4}
    train(model, optimizer, path, first=4)
    whole, optimizer = start()
    train(whole, optimizer, tmp_path / "whole")
    assert equal(weights(model), weights(whole))
