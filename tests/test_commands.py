"""Command lines: what is asked for is read once, and refused in one message."""

import re
from pathlib import Path

import pytest

import lnlib
from lnlib import commands, learning, seed_parts, switches
from lnlib.errors import UserError


def test_numbers_are_read_from_a_list_with_commas():
    assert commands.numbers("100, 300,0625", "steps") == [100, 300, 625]


@pytest.mark.parametrize("text, part", [("a", "a"), ("1,0", "0"), ("2,-1", "-1"), ("1.5", "1.5"),
                                        ("", ""), ("1,,2", ""), ("²", "²")])  # fmt: skip
def test_what_is_no_number_from_the_least_up_is_refused_by_name(text, part):
    with pytest.raises(UserError, match=f"steps '{part}': expected whole numbers from 1 up"):
        commands.numbers(text, "steps", least=1)


def test_a_round_without_steps_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(UserError, match="steps '0': expected whole numbers from 1 up"):
        learning.main(["--scale", "demo", "--steps", "0", "--results", str(tmp_path)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("module", [learning, seed_parts, switches])
def test_every_command_refuses_a_wrong_scale_with_the_nearest(module):
    with pytest.raises(UserError, match=r"unknown scale 'smal'.*did you mean 'small'"):
        module.main(["--scale", "smal"])


def test_a_users_error_is_one_line_and_no_traceback(capsys):
    def main():
        raise UserError("scale 'x':\n  expected another")

    with pytest.raises(SystemExit) as ended:
        commands.run(main)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "error: scale 'x': expected another\n"


def test_an_error_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        commands.run(lambda: 1 / 0)


def test_every_module_that_is_a_command_ends_so():
    found = {}
    for path in Path(lnlib.__file__).parent.rglob("*.py"):
        _, block, lines = path.read_text().partition('if __name__ == "__main__":\n')
        if block:
            found[path.stem] = bool(re.search(r"^    commands\.run\(", lines, re.MULTILINE))
    assert {"learning", "record", "tables", "verification"} <= set(found)
    assert all(found.values()), found
