"""A notebook is given what the library takes; what is misspelt is refused before anything runs."""

import pytest

from lnlib.base.errors import UserError
from lnlib.papers.choenni.parameters import check

ASKED = {"task": "ner", "langs": None, "subnetwork": "fisher", "tickets": None,
         "scale": "demo", "seed": 0, "data_dir": None, "runs_dir": "runs"}  # fmt: skip


def test_a_notebook_is_given_what_the_library_takes():
    assert check(ASKED)["langs"] == ["ar", "en", "fa", "ur", "zh"]
    assert check(ASKED | {"task": "xnli"})["langs"] == ["ar", "en", "hi", "ur", "zh"]
    assert check(ASKED | {"langs": "[ur, de]"})["langs"] == ["ur", "de"]


def test_models_are_those_that_tables_name():
    assert check(ASKED | {"models": "static, random"})["models"] == ["static", "random"]
    for given, said in (("ful", r"unknown model 'ful'.*'full'"), ("", "unknown model ''.*full")):
        with pytest.raises(UserError, match=said):
            check(ASKED | {"models": given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"langs": "ur,zz"}, "zz"),
        ({"langs": "ur"}, "language 'ur' alone"),
        ({"langs": 7}, "langs 7: expected names"),
        ({"langs": "fa,ur", "task": "xnli"}, "task 'xnli' has no data in 'fa'"),
        ({"task": "nerr"}, "unknown task 'nerr'.*'ner'"),
        ({"task": "pos"}, "task at scale 'demo'"),
        ({"subnetwork": "head"}, "unknown kind of sub-network 'head'.*'heads'"),
        ({"subnetwork": "ticket", "tickets": "nowhere"}, "tickets 'nowhere' is not a folder"),
        ({"tickets": "."}, "'fisher' was asked for: add -p subnetwork ticket"),
        ({"scale": "dmeo"}, "unknown scale 'dmeo'.*'demo'"),
        ({"seed": -1}, "-1"),
        ({"data_dir": "."}, "reads the gazetteer and takes no data_dir"),
    ],
)
def test_a_notebook_refuses_what_is_misspelt(given, said):
    with pytest.raises(UserError, match=said):
        check(ASKED | given)
