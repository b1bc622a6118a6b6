"""The names that `lnlib` offers are what they say, whatever was imported before."""

import pkgutil
import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import lnlib

sys.path.append(str(Path(__file__).resolve().parents[1] / "book"))
import modules


def test_no_module_takes_the_name_of_a_function():
    for module in pkgutil.iter_modules(lnlib.__path__):
        import_module(f"lnlib.{module.name}")  # sets it as an attribute of the package
    for name in lnlib.__all__:
        assert not isinstance(getattr(lnlib, name), ModuleType), name


def test_no_modules_import_each_other():
    """Data flow one way: the imports, late ones too, have an order."""
    graph = modules.imports()
    assert {"corpora.loading", "pruning.search", "results.table"} <= set(graph)
    modules.depths(graph)


def test_a_circle_of_imports_is_named():
    with pytest.raises(ValueError, match="a -> b -> a"):
        modules.depths({"a": {"b"}, "b": {"a"}})


def test_the_reference_has_every_public_name_with_words():
    text = "\n\n".join(modules.reference())
    parts = dict(re.findall(r"^## `(\w+)`\n+(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    assert set(parts) == set(lnlib.__all__)
    for name, part in parts.items():
        prose = re.sub(r"```.*?```", "", part, flags=re.DOTALL)
        assert len(prose.split()) >= 5, name
