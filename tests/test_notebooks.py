"""The notebooks: in step with their pairs, one address, and run as a student runs them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml

from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import tables

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


@pytest.fixture(params=NOTEBOOKS, ids=NAMES)
def path(request):
    return request.param


def test_every_notebook_is_paired_with_a_script(path):
    notebook = nbformat.read(path, as_version=4)
    script = jupytext.read(path.with_suffix(".py"))
    assert [c.source for c in notebook.cells] == [c.source for c in script.cells]
    assert [c.metadata.get("tags") for c in notebook.cells] == [
        c.metadata.get("tags") for c in script.cells
    ]


def test_no_notebook_carries_outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    assert all(not c.outputs and c.execution_count is None for c in cells if c.cell_type == "code")


def test_the_install_line_and_the_badge_have_the_address_of_the_configuration(path):
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]
    cells = nbformat.read(path, as_version=4).cells
    badge, install = cells[0].source, cells[1].source
    slug = repository["url"].removeprefix("https://github.com/")
    assert f"git+{repository['url']}" in install
    assert "\n" not in install  # one line
    assert f"/github/{slug}/blob/{repository['branch']}/notebooks/{path.name}" in badge
    everywhere = re.findall(r"github\.com/([\w-]+/[\w-]+)", path.read_text())
    assert set(everywhere) == {slug}


def test_the_parameters_are_checked_by_the_cell_after_them(path):
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    at = next(i for i, c in enumerate(cells) if "parameters" in c.metadata.get("tags", []))
    assert "check" in cells[at + 1].source


def papermill(*arguments, cwd):
    """The command of the README, with a free working directory and standard input closed off."""
    return subprocess.run(
        [sys.executable, "-m", "papermill", *arguments],
        cwd=cwd,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
    )


PRUNE = str(ROOT / "notebooks" / "prune.ipynb")


@pytest.mark.slow
def test_the_main_job_through_papermill(tmp_path):
    """Find a ticket, find it done the second time, move it and compare it: the whole path once."""
    short = ("-p", "sparsities", "[50]")
    done = papermill(
        PRUNE, "-p", "lang", "ur", *short, cwd=tmp_path
    )  # redirected, as in the README
    assert done.returncode == 0, done.stderr
    executed = nbformat.reads(done.stdout, as_version=4)
    outputs = [o for c in executed.cells if c.cell_type == "code" for o in c.outputs]
    pictures = [o for o in outputs if {"image/svg+xml", "image/png"} & set(o.get("data", {}))]
    assert len(pictures) >= 3
    ticket = Ticket.load(tmp_path / "runs/demo/ner/ur/seed0/ticket.safetensors")
    assert ticket.levels == (50,)
    table = tables.read(tmp_path / "runs/demo/scores.csv")
    assert sorted(zip(table.method, table.sparsity, strict=True)) == [
        ("full", 0), ("magnitude", 50), ("random", 50), ("ticket", 50)
    ]  # fmt: skip

    before = (tmp_path / "runs/demo/scores.csv").read_bytes()
    again = papermill(PRUNE, "out.ipynb", "-p", "lang", "ur", *short, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "runs/demo/scores.csv").read_bytes() == before

    for name, *arguments in (
        ("prune", "-p", "lang", "en", *short),
        ("transfer", "-p", "lang", "ur", "-p", "langs", "ur,en"),
        ("overlap", "-p", "langs", "ur,en"),
    ):
        notebook = str(ROOT / "notebooks" / f"{name}.ipynb")
        done = papermill(notebook, f"{name}.ipynb", *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    table = tables.read(tmp_path / "runs/demo/scores.csv")
    assert len(table[(table.lang == "ur") & (table.mask_lang == "en")]) == 1


def test_each_notebook_names_a_kernel_every_machine_has(path):
    assert json.loads(path.read_text())["metadata"]["kernelspec"]["name"] == "python3"
