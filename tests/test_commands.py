"""Command lines: what is asked for is read once, and refused in one message."""

import pytest

from lnlib import commands
from lnlib.base.errors import UserError
from lnlib.papers.foroutan.experiments import learning, seed_parts, switches


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
