"""What made a result: code, versions, machine."""

from __future__ import annotations

import ast
import platform
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import lnlib
from lnlib.base.hashes import short

ROOT = Path(lnlib.__file__).parent


@cache
def imports() -> dict[str, set[str]]:
    """Each module of the library, by its name below `lnlib`, with those it imports.

    Imports inside functions count too: they are late, to make `import lnlib` fast.
    """
    modules = {_name(path): path for path in sorted(ROOT.rglob("*.py"))}
    graph = {}
    for module, path in modules.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        graph[module] = {name for name in _imported(tree) if name in modules} - {module, ""}
    return {module: found for module, found in graph.items() if module}


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("lnlib."):
                    yield alias.name.removeprefix("lnlib.")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lnlib":
            package = (node.module or "").removeprefix("lnlib").removeprefix(".")
            yield package
            for alias in node.names:  # a module of a package, or a name in a module
                yield f"{package}.{alias.name}" if package else alias.name


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def code(*deciding: str) -> str:
    """Twelve hex digits over what the given modules and all that they import do.

    Neither a comment nor a docstring changes it, nor the place of a module; drawing or writing a
    number down is no part of what decides it.
    """
    graph, needed, found = imports(), list(deciding), set(deciding)
    while needed:
        new = graph[needed.pop()] - found
        found |= new
        needed += new
    texts = sorted(_bare(module) for module in found)
    return short(*texts)


def _bare(module: str) -> str:
    """A module's source without comments, docstrings and the names of our modules."""
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _says_nothing(part)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _says_nothing(part: ast.stmt) -> bool:
    text = isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
    ours = isinstance(part, ast.ImportFrom) and (part.module or "").startswith("lnlib")
    return text or ours


@cache
def versions(*deciding: str) -> dict[str, str]:
    """Versions of what decides a number; `deciding` names the modules of ours."""
    names = ("torch", "transformers", "numpy", "babel")
    return {
        "lnlib": lnlib.__version__,
        "code": code(*deciding),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in names},
    }


def machine() -> dict[str, object]:
    """Processor, device and threads of this run's last training."""
    import torch

    from lnlib.base import device as computing

    device = computing.default_device()
    return {
        "machine": _processor(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": computing.used(),
    }


@cache
def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
