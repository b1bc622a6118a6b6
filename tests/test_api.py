"""The names that `lnlib` offers are what they say, whatever was imported before."""

import pkgutil
from importlib import import_module
from types import ModuleType

import lnlib


def test_no_module_takes_the_name_of_a_function():
    for module in pkgutil.iter_modules(lnlib.__path__):
        import_module(f"lnlib.{module.name}")  # sets it as an attribute of the package
    for name in lnlib.__all__:
        assert not isinstance(getattr(lnlib, name), ModuleType), name
