"""Is the Hugging Face hub there? Asked once, with a short wait, before anything is loaded from it.

Left to themselves, the libraries retry: `load_dataset` gives up after 23 s without a network, a
tokenizer after 47 s. One probe of a few seconds decides for all of them.
"""

from __future__ import annotations

import sys
import threading
from functools import cache

from lnlib.base.errors import UserError

PROBE_SECONDS = 6.0  # a slow line answers in 2 or 3; three libraries still fail within 30 s
WAYS_OUT = (
    'scale="demo" needs no network; data_dir="FOLDER" reads a local folder laid out like the hub'
)


@cache
def reach_hub() -> bool:
    """Whether the hub answers; the first answer holds for the rest of the process.

    If it does not, huggingface_hub, datasets and transformers are put into offline mode: what is in
    the local cache still loads, what is not fails at once instead of after their retries.
    """
    from huggingface_hub import constants

    if not constants.HF_HUB_OFFLINE and _answers(constants.ENDPOINT):
        return True
    constants.HF_HUB_OFFLINE = True  # huggingface_hub and transformers read it at each call
    if "datasets" in sys.modules:  # imported later, it copies the constant above
        sys.modules["datasets"].config.HF_HUB_OFFLINE = True
    return False


def _answers(endpoint: str) -> bool:
    """Whether `endpoint` gives any answer that is not a server's or a proxy's failure."""
    from huggingface_hub import get_session  # honours the user's proxies and certificates

    status: list[int] = []

    def ask() -> None:
        try:
            status.append(get_session().head(endpoint, timeout=PROBE_SECONDS).status_code)
        except Exception:  # whatever the reason, there is no hub to load from
            return

    # The timeout above covers connecting and reading but not the look-up of the name, which can
    # hang for minutes; a daemon thread can be left behind.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return bool(status) and status[0] < 500 and status[0] != 407  # 407: the proxy wants a login


def hub_error(what: str, cause: BaseException, ways_out: str = WAYS_OUT) -> UserError:
    """One message for whatever kept `what` from being loaded from the hub; raise it `from cause`.

    `what` reads as a noun ("data set facebook/xnli"). `ways_out` is what the user can do instead.
    """
    from huggingface_hub import constants

    if reach_hub():
        reason = " ".join(str(cause).split())[:300] or type(cause).__name__
        return UserError(
            f"{what} could not be loaded from the Hugging Face hub: {reason}. "
            f"Without the hub: {ways_out}."
        )
    return UserError(
        f"{what} could not be loaded: the Hugging Face hub ({constants.ENDPOINT}) cannot be "
        f"reached and the local cache has no copy. Two ways out: {ways_out}."
    )
