"""Load a pre-trained encoder and put a task's head on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, PreTrainedTokenizerBase

from lnlib.base import seeds
from lnlib.base.errors import UserError
from lnlib.papers.foroutan.coverage import get_task

MINI = "mini-mbert"
_ASSETS = Path(__file__).parent / "assets"
# Hub commits, so that the weights stay the same. Read in public code, not tried against the hub.
_PINNED = {"bert-base-multilingual-cased": "3f076fdb1ab68d5b2880cb87a0886f315b8146f8"}
_WAYS_OUT = (
    'scale="demo" needs no network, scale="small" none but for its data (data_dir="FOLDER" reads '
    "them from a local folder); or bring the hub's cache (HF_HOME) from a machine that has it"
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

    def model(self, task: str, labels: tuple[str, ...] = (), seed: int = 0) -> nn.Module:
        """The pre-trained weights under the task's head, in float32.

        The head of `ner` and `xnli` is drawn from `seed`; that of `mlm` is the pre-trained one.
        Raises UserError where this architecture has no such head.
        """
        import transformers

        auto = getattr(transformers, get_task(task).head)
        options: dict = {}
        if labels:
            options["id2label"] = dict(enumerate(labels))
            options["label2id"] = {label: i for i, label in enumerate(labels)}
        torch.manual_seed(seeds.derive(seed, "head", task))
        try:
            model = self._load(auto, **options)
        except UserError:
            raise
        except ValueError as cause:
            raise UserError(f"encoder {self.name!r} has no head for {task!r}: {cause}") from cause
        if model.config.pad_token_id is None:  # decoders: the position of the last token is needed
            model.config.pad_token_id = self.tokenizer.pad_token_id
        return model.eval()

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits over the pre-trained weights (without any head)."""
        from transformers import AutoModel

        state = self._load(AutoModel).state_dict()
        digest = hashlib.sha256()
        for name in sorted(state):
            if "pooler" not in name:  # absent, then random, where a checkpoint has none
                digest.update(name.encode() + state[name].contiguous().numpy().tobytes())
        return digest.hexdigest()[:12]

    @cached_property
    def max_tokens(self) -> int | None:
        """T at most: how many positions there are vectors for; None where any length is read."""
        config = AutoConfig.from_pretrained(self.path, revision=self.revision, **_NO_CODE)
        positions = getattr(config, "max_position_embeddings", None)
        # The RoBERTas count positions from behind the padding's.
        if positions and "roberta" in config.model_type:
            positions -= 2
        return positions

    def _load(self, auto: Any, **options: object) -> Any:
        from safetensors import SafetensorError

        try:
            with _quiet():
                return auto.from_pretrained(
                    self.path, revision=self.revision, dtype=torch.float32, use_safetensors=True,
                    **_NO_CODE, **options,
                )  # fmt: skip
        except (OSError, SafetensorError) as cause:
            raise UserError(
                f"the weights of encoder {self.name!r} cannot be loaded from safetensors: "
                f"{' '.join(str(cause).split())[:300]}"
            ) from cause


def load_encoder(name: str | Path = MINI) -> Encoder:
    """An encoder by name: "mini-mbert" (ships), a hub id, or a folder transformers can load.

    Raises UserError where the folder is no encoder or the hub cannot be reached.
    """
    if not name or not isinstance(name, str | Path):
        raise UserError(f"unknown encoder {name!r}: expected {MINI!r}, a hub id or a folder")
    path = _ASSETS / MINI if name == MINI else Path(name)
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
        with _quiet():
            config = AutoConfig.from_pretrained(where, revision=revision, **_NO_CODE)
            tokenizer = AutoTokenizer.from_pretrained(where, revision=revision, **_NO_CODE)
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
    if len(tokenizer) > getattr(config, "vocab_size", len(tokenizer)):
        raise UserError(
            f"{name!r} has a tokenizer of {len(tokenizer):,} pieces and vectors for "
            f"{config.vocab_size:,}: they do not belong together"
        )
    return Encoder(str(name), where, tokenizer, revision)


class _quiet:
    """Without transformers' progress bars and load reports: a fresh head is meant to be missing."""

    def __enter__(self) -> None:
        from transformers.utils import logging

        self.level = logging.get_verbosity()
        logging.set_verbosity_error()
        logging.disable_progress_bar()

    def __exit__(self, *_: object) -> None:
        from transformers.utils import logging

        logging.set_verbosity(self.level)
        logging.enable_progress_bar()
