"""Masked training as open_lth does it: `param.data *= mask` whenever the model is called.

The optimizer moves pruned weights as well; the next forward pass sets them back to zero. Their
gradients count in the norm that clipping looks at.
"""

import torch
from torch import nn

from lnlib.masks.applying import Mask, check_fit


def attach(model: nn.Module, mask: Mask) -> None:
    """Mask the model's matrices from here on."""
    pairs = [(p, mask[name].to(p.device).float()) for name, p in check_fit(mask, model).items()]

    def project(_module: nn.Module, _args: object) -> None:
        for parameter, kept in pairs:
            parameter.data *= kept

    model.register_forward_pre_hook(project)


def weights(model: nn.Module, mask: Mask) -> dict[str, torch.Tensor]:
    """The masked matrices, detached."""
    return {name: (p * mask[name].to(p)).detach() for name, p in check_fit(mask, model).items()}
