"""Debiased linear CKA as the package torch_cka 0.21 has it: the Gram matrix of each layer of the
second model anew for each layer of the first; an HSIC as the trace of a whole N x N product."""

import torch


def grid(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """CKA of (L, N, H) and (L', N, H') in one batch of all N: (L, L')."""
    out = torch.empty(len(a), len(b))
    for i, x in enumerate(a):
        one = _gram(x)
        own = _hsic(one, one)
        for j, y in enumerate(b):
            other = _gram(y)
            out[i, j] = _hsic(one, other) / (own * _hsic(other, other)) ** 0.5
    return out


def _gram(x: torch.Tensor) -> torch.Tensor:
    inner = x @ x.T
    return inner.fill_diagonal_(0)


def _hsic(one: torch.Tensor, other: torch.Tensor) -> float:
    n, ones = len(one), torch.ones(len(one), 1)
    total = torch.trace(one @ other)
    total += (ones.T @ one @ ones @ ones.T @ other @ ones).squeeze() / ((n - 1) * (n - 2))
    total -= (ones.T @ one @ other @ ones).squeeze() * 2 / (n - 2)
    return float(total) / (n * (n - 3))
