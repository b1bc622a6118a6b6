"""pyproject.toml, constraints.txt and environment.yml say the same."""

import tomllib
from itertools import chain

import pytest
import yaml
from house import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DECLARED = [Requirement(text) for text in chain(PROJECT["dependencies"], *EXTRAS.values())]
CONSTRAINTS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINS = {canonicalize_name(pin.name): pin for pin in CONSTRAINTS}
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
PIP_LINES = next(item["pip"] for item in ENVIRONMENT["dependencies"] if isinstance(item, dict))
# What `make setup` installs; the workflow extra is for clusters.
INSTALLED = "[notebooks,book,test,workflow]"


def version(pin):
    (specifier,) = pin.specifier
    return specifier.version


@pytest.mark.parametrize("pin", CONSTRAINTS, ids=str)
def test_a_constraint_is_one_exact_public_version_for_every_platform(pin):
    assert [s.operator for s in pin.specifier] == ["=="]
    assert not {"*", "+"} & set(version(pin))  # a local build such as +cpu is on no index
    assert pin.marker is None
    assert not pin.extras


def test_nothing_is_pinned_twice():
    assert len(PINS) == len(CONSTRAINTS)


@pytest.mark.parametrize("wanted", DECLARED, ids=str)
def test_a_declared_dependency_is_pinned_within_its_range(wanted):
    assert wanted.specifier.contains(version(PINS[canonicalize_name(wanted.name)]))


def test_conda_installs_what_make_setup_installs():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert (
        f"pip install --disable-pip-version-check -e '.{INSTALLED}' -c constraints.txt" in makefile
    )
    assert PIP_LINES == ["-c constraints.txt", f"-e .{INSTALLED}"]
    assert set(INSTALLED[1:-1].split(",")) <= set(EXTRAS)


def test_conda_pins_only_a_python_that_is_supported():
    conda = [item for item in ENVIRONMENT["dependencies"] if isinstance(item, str)]
    assert conda == ["python=3.11", "pip"]  # the rest comes by pip, from the same constraints
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains("3.11")
