"""Load a pre-trained encoder and put a task's head on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import nn
from transformers import AutoConfig, PreTrainedTokenizerBase

from lnlib import seeds
from lnlib.errors import UserError
from lnlib.tasks import get_task

MINI = "mini-mbert"
_ASSETS = Path(__file__).parent / "assets"
# Hub commits, so that the weights stay the same. Read in public code, not tried against the hub.
_PINNED = {"bert-base-multilingual-cased": "3f076fdb1ab68d5b2880cb87a0886f315b8146f8"}
_WAYS_OUT = (
    'scale="demo" needs no network, scale="small" none but for its data (data_dir="FOLDER" reads '
    "them from a local folder); or bring the hub's cache (HF_HOME) from a machine that has it"
)


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
        with _quiet():
            try:
                model = auto.from_pretrained(
                    self.path, revision=self.revision, dtype=torch.float32, **options
                )
            except ValueError as cause:
                raise UserError(
                    f"encoder {self.name!r} has no head for {task!r}: {cause}"
                ) from cause
        if model.config.pad_token_id is None:  # decoders: the position of the last token is needed
            model.config.pad_token_id = self.tokenizer.pad_token_id
        return model.eval()

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits over the pre-trained weights (without any head)."""
        from transformers import AutoModel

        with _quiet():
            state = AutoModel.from_pretrained(
                self.path, revision=self.revision, dtype=torch.float32
            ).state_dict()
        digest = hashlib.sha256()
        for name in sorted(state):
            if "pooler" not in name:  # absent, then random, where a checkpoint has none
                digest.update(name.encode() + state[name].contiguous().numpy().tobytes())
        return digest.hexdigest()[:12]


def load_encoder(name: str = MINI) -> Encoder:
    """An encoder by name: "mini-mbert" (ships), a hub id, or a folder transformers can load.

    Raises UserError where the folder is no encoder or the hub cannot be reached.
    """
    path = _ASSETS / MINI if name == MINI else Path(name)
    local = path.exists()
    if not local:
        from lnlib.hub_access import reach_hub

        reach_hub()
    where = str(path) if local else name
    revision = None if local else _PINNED.get(name)
    from transformers import AutoTokenizer

    try:
        with _quiet():
            AutoConfig.from_pretrained(where, revision=revision)
            tokenizer = AutoTokenizer.from_pretrained(where, revision=revision)
    except (OSError, ValueError) as cause:
        if local:
            raise UserError(
                f"{where!r} holds no encoder that transformers loads: {cause}"
            ) from cause
        from lnlib.hub_access import hub_error

        raise hub_error(f"encoder {name!r}", cause, _WAYS_OUT) from cause
    return Encoder(name, where, tokenizer, revision)


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
