"""Load a model's weights, and see that what should come from the file did."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from lnlib.base.errors import UserError
from lnlib.masks.matrices import encoder_of


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' progress bars and load reports: what they say is said here."""
    from transformers.utils import logging

    level, shown = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


class Loaded:
    """A model, and which of its weights did not come from the file."""

    def __init__(self, model: Any, report: dict[str, Any]) -> None:
        """`report` is the loading info that transformers gives."""
        self.model = model
        encoder = encoder_of(model)
        self._prefix = "" if encoder is model else f"{model.base_model_prefix}."
        self._parts = {name for name, _ in encoder.named_children()}
        self._shapes = {name: (held, own) for name, held, own in report["mismatched_keys"]}
        self._absent = set(report["missing_keys"]) | set(self._shapes)
        self._unused = set(report["unexpected_keys"])

    def check(self, name: str, head: bool = False) -> None:
        """UserError names the first weight of the encoder `name` that the file lacks.

        With `head` also one of the head. A pooler may be lacking: it is fresh, as heads are. Says
        on stderr, once, where the model has a fresh pooler and where the file has more of an
        encoder than is used; the heads and poolers that a file holds for other tasks are its own
        affair.
        """
        for key in self.model.state_dict():
            if key not in self._absent or not (head or self._in_encoder(key)) or "pooler" in key:
                continue
            if key in self._shapes:
                held, own = (tuple(shape) for shape in self._shapes[key])
                raise UserError(
                    f"encoder {name!r} does not fit its config.json: weight {key!r} is {held} in "
                    f"the file and {own} by the config"
                )
            near = next((found for found in sorted(self._unused) if key in found), None)
            what = (
                "" if self._in_encoder(key) else "; the head of mlm has to be the pre-trained one"
            )
            raise UserError(
                f"encoder {name!r} has no weight {key!r} in its file, where a "
                f"{self.model.config.model_type!r} has one"
                f"{f' (the file has {near!r})' if near else ''}{what}"
            )
        fresh = [key for key in self._absent if "pooler" in key and self._in_encoder(key)]
        if fresh and self._prefix:
            _say(
                f"encoder {name!r}: no pooler in its file; it is drawn from the seed, as heads are"
            )
        unused = [key.removeprefix(self._own_prefix) for key in sorted(self._unused)]
        unused = [key for key in unused if key.split(".")[0] in self._parts and "pooler" not in key]
        if unused:
            _say(f"encoder {name!r}: weights in its file that are not used, such as {unused[0]!r}")

    def without_head(self) -> dict[str, Any] | None:
        """The weights of the encoder that came from the file, or None if none of a head did."""
        state = self.model.state_dict()
        found = {key: value for key, value in state.items() if key not in self._absent}
        encoder = {key: value for key, value in found.items() if self._in_encoder(key)}
        return None if len(encoder) == len(found) else encoder

    @property
    def _own_prefix(self) -> str:
        return f"{getattr(self.model, 'base_model_prefix', '')}."

    def _in_encoder(self, key: str) -> bool:
        return key.startswith(self._prefix)


@cache
def _say(text: str) -> None:
    """Once a process: a search loads its encoder again in every round."""
    print(text, file=sys.stderr, flush=True)
