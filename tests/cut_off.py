"""Pre-training that is cut off and begun again, beside one that never stopped."""

import pytest
import torch

from lnlib.pretraining import loop
from lnlib.pretraining.loop import learning_rate, pretrain


def ends_as_one_never_stopped(steps, folder, monkeypatch, *arguments):
    """Both runs of `pretrain(*arguments, FOLDER)`, the one cut off after so many steps."""
    whole = pretrain(*arguments, folder / "whole", save_every=3)
    calls = iter(range(steps))
    monkeypatch.setattr(loop, "learning_rate", lambda p, r: (next(calls), learning_rate(p, r))[1])
    with pytest.raises((StopIteration, RuntimeError)):
        pretrain(*arguments, folder / "cut", save_every=3)
    monkeypatch.undo()
    again = pretrain(*arguments, folder / "cut", save_every=3)
    for name, parameter in whole.named_parameters():
        assert torch.equal(parameter, dict(again.named_parameters())[name]), name
