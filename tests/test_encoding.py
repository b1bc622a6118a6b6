"""Running text as blocks of token ids."""

import pytest
import toys

from lnlib.corpora.loading import Corpus
from lnlib.training.recipe import Recipe

ROOM = 10  # tokens of a block besides [CLS] and [SEP]


@pytest.mark.parametrize("limit", [1, 7, 100_000])
def test_blocks_are_the_text_cut_at_every_room_up_to_the_limit(bert, limit):
    """Of texts that fill three readings of 1,000, none of which ends with a block."""
    text = [{"text": f"{number} years"} for number in range(2_345)]
    corpus = Corpus("mlm", "en", (), text, text, "test")
    data = toys.encoded(corpus, bert.tokenizer, Recipe(limit, limit, 1, 1, 1e-3, ROOM + 2)).train
    pieces = [
        piece
        for line in text
        for piece in bert.tokenizer(line["text"], add_special_tokens=False)["input_ids"]
    ]
    assert len(pieces) % ROOM  # so there is a short last block
    cut = [pieces[at : at + ROOM] for at in range(0, len(pieces), ROOM)][:limit]
    first, last = bert.tokenizer.cls_token_id, bert.tokenizer.sep_token_id
    found = [data.ids[a:b].tolist() for a, b in zip(data.offsets, data.offsets[1:], strict=False)]
    assert found == [[first, *block, last] for block in cut]
