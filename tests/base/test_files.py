"""A file is replaced where it really is, for those whom the user lets read it."""

import os
import stat

import pytest

from lnlib.base.files import locked, replacing
from lnlib.papers.foroutan import tables


def write(path, text):
    with replacing(path) as partial:
        partial.write_text(text)


@pytest.mark.parametrize("umask, mode", [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_who_may_read_a_file_is_for_the_umask_to_say(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write(tmp_path / "t.csv", "new")
        assert os.umask(umask) == umask  # and it stays what it was
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t.csv").stat().st_mode) == mode


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_the_file_it_leads_to_is_replaced(tmp_path, there):
    link, file = tmp_path / "here" / "t.csv", tmp_path / "there" / "t.csv"
    for path in (link, file):
        path.parent.mkdir()
    if there:
        file.write_text("old")
    link.symlink_to("../there/t.csv")
    write(link, "new")
    assert link.is_symlink() and file.read_text() == "new"


def test_a_link_and_its_file_have_one_lock(tmp_path):
    """Else two processes, one at each, would lose each other's rows."""
    (tmp_path / "link.csv").symlink_to("t.csv")
    with locked(tmp_path / "link.csv"):
        assert [path.name for path in tmp_path.glob(".*.lock")] == [".t.csv.lock"]


def test_rows_added_through_a_link_are_in_the_table(tmp_path):
    table, link = tmp_path / "scores.csv", tmp_path / "runs" / "scores.csv"
    row = {"scale": "demo", "task": "ner", "seed": 0, "method": "full", "sparsity": 0}
    tables.add(table, [{**row, "lang": "ur"}])
    link.parent.mkdir()
    link.symlink_to(table)
    tables.add(link, [{**row, "lang": "en"}])
    assert tables.read(table).lang.tolist() == ["en", "ur"] and link.is_symlink()
