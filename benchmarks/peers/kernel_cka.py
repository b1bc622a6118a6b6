"""CKA as the code of Muller et al. (2021) has it: for each pair of layers three HSICs, for each
HSIC two RBF kernel matrices, each centred by two products with the N x N centring matrix."""

import numpy as np


def grid(a: np.ndarray, b: np.ndarray, windows: int = 4) -> np.ndarray:
    """Mean over windows of CKA for (L, N, H) and (L', N, H'); windows start at 0, 1, 2, ..."""
    size = a.shape[1] // windows
    out = np.zeros((len(a), len(b)))
    for start in range(windows):
        rows = slice(start, start + size)
        out += [[cka(x[rows], y[rows]) for y in b] for x in a]
    return out / windows


def cka(x: np.ndarray, y: np.ndarray) -> float:
    return hsic(x, y) / (np.sqrt(hsic(x, x)) * np.sqrt(hsic(y, y)))


def hsic(x: np.ndarray, y: np.ndarray) -> float:
    return np.sum(_centred(_kernel(x)) * _centred(_kernel(y)))


def _kernel(x: np.ndarray) -> np.ndarray:
    inner = np.dot(x, x.T)
    half = np.diag(inner) - inner
    distances = half + half.T
    return np.exp(distances * (-0.5 / np.median(distances[distances != 0])))


def _centred(kernel: np.ndarray) -> np.ndarray:
    n = len(kernel)
    centring = np.eye(n) - np.ones((n, n)) / n
    return np.dot(np.dot(centring, kernel), centring)
