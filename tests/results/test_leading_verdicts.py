"""Which of a claim's verdicts leads, where several scales have judged it."""

import pandas as pd
import pytest

from lnlib.results.ledger import AGREES, CANNOT_TELL, DIFFERS, NOT_RUN, leading

SCALES = ("demo", "small", "paper")


def verdicts(**by_scale: str) -> pd.DataFrame:
    """One claim, judged at some scales."""
    rows = [{"scale": scale, "id": 1, "measure": "share", "task": "ner", "verdict": verdict}
            for scale, verdict in by_scale.items()]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "by_scale, scale",
    [
        ({"demo": AGREES, "small": DIFFERS}, "small"),  # the largest, also where it differs
        ({"demo": DIFFERS, "small": CANNOT_TELL}, "demo"),  # what can be told
        ({"demo": CANNOT_TELL, "small": CANNOT_TELL, "paper": NOT_RUN}, "small"),  # what ran
        ({"demo": NOT_RUN, "small": NOT_RUN}, "small"),
        ({"small": AGREES, "demo": AGREES}, "small"),  # whatever the order of the rows
    ],
)
def test_the_largest_scale_that_can_tell_leads(by_scale, scale):
    row = leading(verdicts(**by_scale), SCALES)
    assert list(row["scale"]) == [scale]
    assert list(row["verdict"]) == [by_scale[scale]]


def test_each_claim_keeps_its_place_and_what_it_is_asked_of():
    demo = verdicts(demo=AGREES)
    asked = [demo.assign(id=id_, task=task) for id_ in (2, 1) for task in ("xnli", "ner")]
    found = pd.concat([*asked, asked[1].assign(scale="small")], ignore_index=True)
    rows = leading(found, SCALES)
    assert list(zip(rows["id"], rows["task"], rows["scale"], strict=True)) == [
        (2, "xnli", "demo"), (2, "ner", "small"), (1, "xnli", "demo"), (1, "ner", "demo"),
    ]  # fmt: skip
