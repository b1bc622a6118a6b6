"""Layers re-initialised: only those named change, and nothing else in a run does."""

import pytest
import torch
import toys
import transformers
from torch import nn

from lnlib.base.errors import UserError
from lnlib.papers.muller import reinitialisation
from lnlib.papers.muller.reinitialisation import Block, blocks_of, parse_blocks, reinitialise
from lnlib.tasks.ner import NER

LAYERS = {"bert": "layer.", "xlm-roberta": "layer.", "distilbert": "layer.", "llama": "layers.",
          "mt5": "encoder.block."}  # fmt: skip


def model_of(kind="bert", layers=None):
    config = toys.CONFIGS[kind]()
    if layers:
        config.num_hidden_layers = layers
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(config)
    with torch.no_grad():  # as if trained: no bias is 0 and no norm is 1 by its start
        for parameter in model.parameters():
            parameter.add_(torch.rand(parameter.shape))
    return model


def state(model):
    return {name: values.clone() for name, values in model.state_dict().items()}


def changed(before, model):
    return {n for n, values in model.state_dict().items() if not torch.equal(values, before[n])}


def inside(name, kind, layers):
    _, here, rest = name.partition(LAYERS[kind])
    return bool(here) and int(rest.split(".")[0]) in layers


@pytest.mark.parametrize("start", reinitialisation.STARTS)
@pytest.mark.parametrize("kind", toys.CONFIGS)
def test_all_of_the_named_layers_changes_and_nothing_else(kind, start):
    """A shuffle leaves vectors."""
    model = model_of(kind)
    before = state(model)
    reinitialise(model, Block("1", (1,)), 0, start)
    own = {n for n, values in before.items() if inside(n, kind, {1})
           and (values.ndim > 1 or start != "shuffled")}  # fmt: skip
    assert own and changed(before, model) == own


@pytest.mark.parametrize("start", reinitialisation.STARTS)
def test_torchs_random_state_is_untouched(start):
    model = model_of()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    reinitialise(model, Block("0", (0,)), 0, start)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("start", reinitialisation.STARTS)
def test_a_draw_depends_on_seed_block_and_start_alone(start):
    made = []
    for block, seed, noise in (("0", 0, 1), ("0", 0, 2), ("0", 1, 1), ("all", 0, 1)):
        model = model_of()
        torch.manual_seed(noise)
        reinitialise(model, *parse_blocks(block, model), seed, start)
        made.append(state(model)["encoder.layer.0.output.dense.weight"])
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2]) and not torch.equal(made[0], made[3])


def test_berts_start_has_its_own_range_and_plain_vectors():
    """8,192 draws: their deviation is known to 0.8 % (one standard error), tested at 4 %."""
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=128, initializer_range=0.3,
    )  # fmt: skip
    model = transformers.BertModel(config)
    nn.init.constant_(model.encoder.layer[0].output.LayerNorm.weight, 7)
    nn.init.constant_(model.encoder.layer[0].output.dense.bias, 7)
    reinitialise(model, Block("0", (0,)), 0)
    layer = model.encoder.layer[0]
    assert layer.output.dense.weight.std().item() == pytest.approx(0.3, rel=0.04)
    assert (layer.output.dense.bias == 0).all() and (layer.output.LayerNorm.bias == 0).all()
    assert (layer.output.LayerNorm.weight == 1).all()


def test_the_constructors_start_is_that_of_a_fresh_linear():
    """Kaiming-uniform: nothing beyond 1 / sqrt(fan in), and biases that are not 0."""
    model = model_of()
    reinitialise(model, Block("0", (0,)), 0, "constructor")
    dense = model.encoder.layer[0].output.dense
    limit = 1 / dense.in_features**0.5
    for values in (dense.weight, dense.bias):
        assert 0.8 * limit < values.abs().max() <= limit


def test_a_shuffle_keeps_every_value_of_a_matrix():
    model = model_of()
    before = state(model)
    reinitialise(model, Block("0", (0,)), 0, "shuffled")
    for name in changed(before, model):
        now = model.state_dict()[name]
        assert torch.equal(now.flatten().sort().values, before[name].flatten().sort().values)


def test_under_a_head_the_encoders_layers_change_and_the_head_stays(bert):
    model = bert.model(NER, ("O", "B"), 0)
    before = state(model)
    reinitialise(model, *parse_blocks("all", model), 0)
    assert changed(before, model) and all(".layer." in name for name in changed(before, model))
    fresh = bert.model(NER, ("O", "B"), 0)
    assert torch.equal(model.classifier.weight, fresh.classifier.weight)


def test_parts_of_a_layer_in_lists_of_their_own_are_one_layer():
    model = nn.Module()
    model.attention = nn.ModuleList(nn.Linear(3, 3) for _ in range(4))
    model.forward_part = nn.ModuleList(nn.Linear(3, 3) for _ in range(4))
    before = state(model)
    reinitialise(model, Block("2", (2,)), 0)
    assert {name.split(".")[0] for name in changed(before, model)} == {"attention", "forward_part"}
    assert {name.split(".")[1] for name in changed(before, model)} == {"2"}


def test_blocks_are_read_as_written():
    model = model_of(layers=6)
    blocks = parse_blocks("0-1, 2-3,5,all,none", model)
    assert [block.name for block in blocks] == ["0-1", "2-3", "5", "all", "none"]
    assert [block.layers for block in blocks] == [(0, 1), (2, 3), (5,), tuple(range(6)), ()]
    assert parse_blocks("0-5", model) == parse_blocks("all", model)
    assert parse_blocks(3, model) == (Block("3", (3,)),)  # papermill reads a number


def test_default_blocks_are_pairs_from_below():
    assert [b.name for b in blocks_of(model_of(layers=6))] == ["0-1", "2-3", "4-5"]
    assert [b.name for b in blocks_of(model_of(layers=5))] == ["0-1", "2-3", "4"]


def test_no_layers_is_no_change():
    model = model_of()
    before = state(model)
    reinitialise(model, Block("none", ()), 0)
    assert not changed(before, model)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10-11", r"'10-11' is not in this encoder, which has layers 0 to 5; .*'4-5'"),
        ("5-6", r"'5-6' is not .* did you mean '4-5'"),
        ("3-1", r"'3-1' is not .* did you mean '1-3'"),
        ("6", r"'6' is not .* did you mean '5'"),
        ("0-99", r"'0-99' is not .* did you mean 'all'"),
        ("0-1,upper", r"block 'upper' is not known: expected a layer \(0\), a span \(0-1\), 'all'"),
        ("-1", r"block '-1' is not known"),
        ("", r"block '' is not known"),
        ("0-1,,2", r"block '' is not known"),
        (None, r"block 'None' is not known"),
        ("1-2-3", r"block '1-2-3' is not known"),
        ("0-1,0-1", r"name '0-1' twice"),
        ("all,0-5", r"name 'all' twice"),
    ],
)
def test_a_block_that_is_not_there_is_said(text, said):
    with pytest.raises(UserError, match=said) as error:
        parse_blocks(text, model_of(layers=6))
    assert "\n" not in str(error.value)


def test_what_cannot_be_re_initialised_is_said():
    with pytest.raises(UserError, match="Linear has no repeated layers"):
        reinitialise(nn.Linear(2, 2), Block("0", (0,)), 0)
    with pytest.raises(UserError, match=r"unknown start 'brt'.*did you mean 'bert'"):
        reinitialise(model_of(), Block("0", (0,)), 0, "brt")
    with pytest.raises(UserError, match="'4-5' is not in this encoder"):
        reinitialise(model_of(), Block("4-5", (4, 5)), 0)
    with pytest.raises(UserError, match="seed -1"):
        reinitialise(model_of(), Block("0", (0,)), -1)
    with pytest.raises(UserError, match="blocks of 0 layers: expected a whole number from 1 to 2"):
        blocks_of(model_of(), 0)


def test_a_module_whose_start_is_not_known_is_said_before_anything_changes():
    model = transformers.GPT2Model(
        transformers.GPT2Config(vocab_size=20, n_positions=8, n_embd=8, n_layer=2, n_head=2)
    )
    before = state(model)
    with pytest.raises(UserError, match="how Conv1D starts is not known; try start 'bert'"):
        reinitialise(model, Block("0", (0,)), 0, "constructor")
    assert not changed(before, model)
