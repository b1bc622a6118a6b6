"""NLI as text: what counts as right is what greedy decoding would write, piece for piece."""

import numpy as np
import pytest
import torch
import toys

from lnlib import Workbench, find_ticket
from lnlib.base.errors import UserError
from lnlib.encoders import load_encoder
from lnlib.tasks.examples import IGNORE, Batch, said_before
from lnlib.tasks.losses import cross_entropy
from lnlib.tasks.nli_text import NLI_TEXT, WORDS

PAD, END = 0, 3


def test_right_is_what_greedy_decoding_writes_and_nothing_else(mt5):
    model = mt5.model(NLI_TEXT)
    inputs = dict(mt5.tokenizer([f"{n} years in Karachi" for n in range(8)], return_tensors="pt"))
    inputs.pop("token_type_ids", None)
    written = model.generate(**inputs, max_new_tokens=4, do_sample=False)[:, 1:]
    labels = np.where(written.numpy() == PAD, IGNORE, written.numpy())
    labels[4:6, 0] += 1  # another first piece
    labels[6:, -1] = np.where(labels[6:, -1] == IGNORE, 7, labels[6:, -1] + 1)  # another last one
    inputs["decoder_input_ids"] = torch.from_numpy(said_before(labels, PAD))
    batch = Batch(inputs, torch.from_numpy(labels))
    with torch.no_grad():
        said = NLI_TEXT.read(cross_entropy(model, batch)[1], batch)
    assert said == [True] * 4 + [False] * 4


def test_a_decoder_reads_what_it_has_said_and_never_what_it_is_to_say():
    labels = np.array([[5, 6, END], [7, END, IGNORE]])
    assert said_before(labels, PAD).tolist() == [[PAD, 5, 6], [PAD, 7, END]]


def test_a_label_is_written_as_its_word_and_the_end(mt5):
    data = Workbench(mt5, "xnli_text", "ur", recipe=toys.RECIPE).data
    batch = NLI_TEXT.collate(data.train, np.arange(3), mt5.tokenizer, 0)
    for row, label in zip(batch.labels.tolist(), data.train.labels[:3], strict=True):
        pieces = [piece for piece in row if piece != IGNORE]
        word = mt5.tokenizer(WORDS[label], add_special_tokens=False)["input_ids"]
        assert pieces == [*word, END]


def test_a_ticket_is_found_in_encoder_and_decoder_each_to_its_level(mt5):
    bench = Workbench(mt5, "xnli_text", "ur", recipe=toys.RECIPE)
    ticket = find_ticket(mt5, "xnli_text", "ur", levels=(50,), bench=bench)
    mask = ticket.mask(50)
    for side in ("encoder.", "decoder."):
        kept = np.concatenate([mask[m.name].ravel() for m in ticket.matrices
                               if m.name.startswith(side)])  # fmt: skip
        assert kept.mean() == 0.5


def test_what_cannot_write_is_refused(mt5, bert, tmp_path):
    with pytest.raises(UserError, match="has no head for 'xnli_text'"):
        Workbench(bert, "xnli_text", "ur", recipe=toys.RECIPE)
    toys.save_encoder(tmp_path / "bare", "mt5")
    endless = load_encoder(str(tmp_path / "bare"))
    with pytest.raises(UserError, match="no piece for the end of a text"):
        NLI_TEXT.collate(Workbench(mt5, "xnli_text", "ur", recipe=toys.RECIPE).data.train,
                         np.arange(3), endless.tokenizer, 0)  # fmt: skip
    with pytest.raises(UserError, match="does not cover 'fa'"):
        Workbench(mt5, "xnli_text", "fa", recipe=toys.RECIPE)
