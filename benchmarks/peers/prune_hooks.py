"""Masked training as the paper's code and BERT-Tickets do it: `torch.nn.utils.prune`.

Every masked matrix is kept as `weight_orig`; a hook before each forward pass multiplies it with a
float mask into a second copy, `weight`, and autograd takes the product back.
"""

import torch
from torch import nn
from torch.nn.utils import prune

from lnlib.masks.applying import Mask
from lnlib.masks.matrices import encoder_of


def attach(model: nn.Module, mask: Mask) -> None:
    """Mask the model's matrices from here on."""
    for name, module in _modules(model, mask).items():
        # float masks, as the official code's are; custom_from_mask would keep a bool as it is
        prune.custom_from_mask(module, "weight", mask[name].to(module.weight.device).float())


def weights(model: nn.Module, mask: Mask) -> dict[str, torch.Tensor]:
    """The masked matrices, detached."""
    return {
        name: (module.weight_orig * module.weight_mask).detach()
        for name, module in _modules(model, mask).items()
    }


def _modules(model: nn.Module, mask: Mask) -> dict[str, nn.Module]:
    found = dict(encoder_of(model).named_modules())
    return {name: found[name.removesuffix(".weight")] for name in mask}
