"""The page of downloads: every recorded table is there, and the archive has what it lists."""

import importlib
import re
import zipfile
from types import SimpleNamespace

import pytest
from test_book import ROOT

from lnlib.papers import PAPERS


@pytest.fixture
def downloads(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    return importlib.import_module("downloads")


def test_every_recorded_table_is_listed_once_and_said_what_it_is(downloads):
    listed = re.findall(r"<\.\./(results/[\w/]+\.csv)>", downloads.tables())
    there = [p.relative_to(ROOT).as_posix() for p in (ROOT / "results").glob("*/*/*.csv")
             if p.relative_to(ROOT / "results").parts[0] in (*PAPERS, "lenses")]  # fmt: skip
    assert sorted(listed) == sorted(there)
    for name in (*(f"papers.{paper}" for paper in PAPERS), "lenses"):
        for table in importlib.import_module(f"lnlib.{name}.tables").TABLES:
            assert (name.removeprefix("papers."), table.name) in downloads.WHAT


def test_the_archive_has_all_tables_tickets_figures_and_notebooks_as_they_are(downloads, tmp_path):
    figure = tmp_path / "_static" / "figures" / "tree.svg"
    figure.parent.mkdir(parents=True)
    figure.write_text("<svg/>", encoding="utf-8")
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path)
    downloads.pack(app, None)
    with zipfile.ZipFile(tmp_path / downloads.ARCHIVE) as archive:
        names = archive.namelist()
        assert archive.read("figures/tree.svg") == figure.read_bytes()
        for pattern in ("results/**/*.csv", "notebooks/*.ipynb", "results/**/*.safetensors"):
            for path in ROOT.glob(pattern):
                assert archive.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()
    assert len(names) == len(set(names))
    first = (tmp_path / downloads.ARCHIVE).read_bytes()
    downloads.pack(app, None)
    assert (tmp_path / downloads.ARCHIVE).read_bytes() == first  # no date, no order of the disk


def test_a_build_that_failed_leaves_no_archive(downloads, tmp_path):
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path)
    downloads.pack(app, ValueError("a page is wrong"))
    assert not (tmp_path / downloads.ARCHIVE).exists()


def test_the_example_with_the_ticket_runs_as_it_stands(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    page = (ROOT / "book/downloads.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    exec(code, {})
    *density, shared = capsys.readouterr().out.splitlines()
    assert len(density) > 5 and 0 < float(shared) < 1
