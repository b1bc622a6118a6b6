"""The command line: what is asked for is read once, and refused in one line."""

import subprocess
import sys

import pytest

from lnlib.__main__ import WINGS, commands, main, overview
from lnlib.base.command_line import numbers
from lnlib.base.errors import UserError


def test_the_overview_names_every_paper_and_verb_and_what_goes_across(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out == overview() + "\n"
    for paper in WINGS:
        assert all(f"  {verb} " in overview() for verb in commands(paper))


def test_a_users_error_is_one_line_and_no_traceback():
    wrong = [sys.executable, "-m", "lnlib", "foroutan", "recrod"]
    ended = subprocess.run(wrong, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert ended.returncode == 2 and not ended.stdout
    assert ended.stderr.count("\n") == 1 and "did you mean 'record'?" in ended.stderr


@pytest.mark.parametrize("words, said", [
    (["forutan"], "unknown paper 'forutan'.*did you mean 'foroutan'"),
    (["foroutan", "lern"], "unknown command of foroutan 'lern'.*did you mean 'learning'"),
    (["lenses", "recrod"], "unknown command of lenses 'recrod'.*did you mean 'record'"),
    (["lenses", "run", "--scale", "smal"], "unknown scale 'smal'.*did you mean 'small'"),
    (["lenses", "run", "--parts", "state"], "unknown part 'state'.*did you mean 'states'"),
    (["lenses", "run", "--data-dir", "."], "reads the gazetteer and takes no data_dir"),
    (["seal"], "no table to seal"),
])  # fmt: skip
def test_an_unknown_word_is_named_with_the_nearest(words, said):
    with pytest.raises(UserError, match=said):
        main(words)


def test_numbers_are_read_from_a_list_with_commas():
    assert numbers("100, 300,0625", "steps") == [100, 300, 625]


@pytest.mark.parametrize("text, part", [("a", "a"), ("1,0", "0"), ("2,-1", "-1"), ("1.5", "1.5"),
                                        ("", ""), ("1,,2", ""), ("²", "²")])  # fmt: skip
def test_what_is_no_number_from_the_least_up_is_refused_by_name(text, part):
    with pytest.raises(UserError, match=f"steps '{part}': expected whole numbers from 1 up"):
        numbers(text, "steps", least=1)


def test_a_round_without_steps_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(UserError, match="steps '0': expected whole numbers from 1 up"):
        main(["foroutan", "learning", "--scale", "demo", "--steps", "0", "--results",
              str(tmp_path)])  # fmt: skip
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "verb", [verb for verb, it in commands("foroutan").items() if "--scale" in it.options]
)
def test_every_command_refuses_a_wrong_scale_with_the_nearest(verb):
    with pytest.raises(UserError, match=r"unknown scale 'smal'.*did you mean 'small'"):
        main(["foroutan", verb, "--scale", "smal"])
