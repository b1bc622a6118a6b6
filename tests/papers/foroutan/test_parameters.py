"""Bad input is refused in words, before anything runs."""

import numpy as np
import pytest

from lnlib.base.errors import UserError
from lnlib.papers.foroutan.parameters import check

GOOD = {
    "lang": "ur", "task": "ner", "scale": "demo", "seed": 0, "sparsities": [50], "data_dir": None,
    "runs_dir": "runs",
}  # fmt: skip


def test_good_parameters_pass():
    assert check(GOOD)["sparsities"] == (50,)


@pytest.mark.parametrize(
    "written",
    ["[10, 50]", "10,50", [10, 50], (10, 50), "(10, 50)", "10 50", '["10", "50"]', "[10.0, 50]"],
)
def test_sparsities_are_read_as_papermill_hands_them_over(written):
    assert check({**GOOD, "sparsities": written})["sparsities"] == (10, 50)


LISTS = ['["{}", "{}"]', "['{}','{}']", "[{}, {}]", "({},{})", "{},{}", " {} , {} ", "{} {}"]


@pytest.mark.parametrize("written", LISTS)
def test_a_list_of_names_is_read_in_every_way_of_writing_it(written):
    asked = {"langs": written.format("ur", "en+fa"), "task": "ner"}
    assert check(asked)["langs"] == ["ur", "en+fa"]
    asked = {"controls": written.format("random", "magnitude")}
    assert check(asked)["controls"] == ["random", "magnitude"]


@pytest.mark.parametrize("written", ["", "[]", "['']", []])
def test_no_controls_are_none(written):
    assert check({"controls": written})["controls"] == []


def test_numpys_numbers_are_taken_as_pythons():
    given = {"seed": np.int64(1), "tokens": np.int32(5), "sparsity": np.int64(50)}
    found = check(given)
    assert found == {"seed": 1, "tokens": 5, "sparsity": 50}
    assert {type(value) for value in found.values()} == {int}


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"lang": "urd"}, "unknown language 'urd'.*did you mean 'ur'"),
        ({"lang": "UR"}, "did you mean 'ur'"),
        ({"lang": float("nan")}, "unknown language nan.*in quotes"),
        ({"lang": "en+en"}, "names a language twice"),
        ({"lang": "en+xx"}, "unknown language 'xx'"),
        ({"lang": "fa", "task": "xnli"}, "XNLI has no Persian"),
        ({"task": "nre"}, "unknown task 'nre'.*did you mean 'ner'"),
        ({"task": 7}, "unknown task 7"),
        ({"scale": "dmeo"}, "did you mean 'demo'"),
        ({"seed": -1}, "seed -1 is not a whole number"),
        ({"seed": "one"}, "seed 'one' is not a whole number"),
        ({"seed": True}, "seed True is not a whole number"),
        ({"seed": 1.5}, "seed 1.5 is not a whole number"),
        ({"sparsities": [95]}, "nearest: 90"),
        ({"sparsities": "fifty"}, "'fifty' is no list of numbers"),
        ({"sparsities": "[50"}, "is no list of numbers"),
        ({"sparsities": []}, "must rise"),
        ({"data_dir": "/no/such/folder"}, "is not a folder"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(wrong, said):
    with pytest.raises(UserError, match=f"(?s){said}"):
        check({**GOOD, **wrong})


def test_a_data_dir_for_the_gazetteer_is_refused(tmp_path):
    with pytest.raises(UserError, match="takes no data_dir: add -p scale small"):
        check({**GOOD, "data_dir": str(tmp_path)})


def test_a_misspelt_parameter_is_found_in_papermills_cell():
    with pytest.raises(UserError, match=r"unknown parameter 'sclae'.*did you mean 'scale'"):
        check(GOOD, ["lang = 'ur'", "# Parameters\nlang = 'sw'\nsclae = 'small'\n"])


def test_the_paths_that_papermill_injects_are_no_parameters_of_ours():
    paths = "PAPERMILL_INPUT_PATH = 'a.ipynb'\nPAPERMILL_OUTPUT_PATH = 'b.ipynb'\n"
    check(GOOD, ["lang = 'ur'", f"# Parameters\nlang = 'sw'\n{paths}"])
    with pytest.raises(UserError, match="unknown parameter 'PAPERMILL_PATH'"):
        check(GOOD, ["# Parameters\nPAPERMILL_PATH = 'a'"])


def test_other_names_in_a_session_are_nobodys_business():
    check(GOOD, ["my_own = 1", "# Parameters\nlang = 'sw'\n"])


@pytest.mark.parametrize("langs", ["", "ur,ur", "ur,xx", []])
def test_languages_to_compare_are_different_ones(langs):
    with pytest.raises(UserError):
        check({"langs": langs, "task": "ner"})
