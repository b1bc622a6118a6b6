"""Where runs are kept, and runs that an earlier version left elsewhere."""

import shutil
import subprocess

import pytest

from lnlib.papers.foroutan.doors import places


def leave(folder):
    """What a version before packages left for a scale."""
    (folder / "ner/ur/seed0").mkdir(parents=True)
    (folder / "scores.csv").write_text("scores\n")


@pytest.mark.parametrize("name", ["runs", "my runs"])
def test_runs_of_the_old_place_are_named_with_the_command_that_moves_them(tmp_path, capsys, name):
    leave(tmp_path / name / "demo")
    found = places(tmp_path / name, "demo")
    assert found.home == tmp_path / name / "foroutan/demo" and not found.home.exists()
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and repr(str(tmp_path / name / "demo")) in said[0]
    subprocess.run(said[0].partition("from it: ")[2], shell=True, check=True)
    assert (found.home / "ner/ur/seed0").is_dir() and (found.home / "scores.csv").exists()
    assert places(tmp_path / name, "demo") == found
    assert capsys.readouterr() == ("", "")


def test_the_old_place_is_not_named_where_there_is_none_or_a_new_one(tmp_path, capsys):
    places(tmp_path / "nowhere", "demo")
    leave(tmp_path / "small")
    places(tmp_path, "demo")
    shutil.copytree(tmp_path / "small", tmp_path / "foroutan/small")
    places(tmp_path, "small")
    assert capsys.readouterr() == ("", "")
