"""Sub-networks that multilingual encoders use for different languages: find, move, compare.

A ticket is a sub-network found by iterative magnitude pruning; see `find_ticket`. Names are loaded
when first used, so that `import lnlib` takes a fraction of a second.
"""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if "torch" not in sys.modules:  # it reads this when it is loaded; see lnlib.threads
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

_HOME = {
    "LANGUAGES": "languages",
    "LEVELS": "papers.foroutan.scales",
    "SCALES": "papers.foroutan.scales",
    "TASKS": "papers.foroutan.coverage",
    "Encoder": "encoders",
    "Search": "pruning.rounds",
    "Ticket": "masks.ticket",
    "UserError": "base.errors",
    "Workbench": "papers.foroutan.doors",
    "find_ticket": "papers.foroutan.doors",
    "jaccard": "masks.overlap",
    "load": "papers.foroutan.doors",
    "load_encoder": "encoders",
    "overlap_table": "masks.overlap",
    "transfer": "papers.foroutan.doors",
    "verify": "papers.foroutan.verification",
}
__all__ = sorted(_HOME)

if TYPE_CHECKING:
    from lnlib.base.errors import UserError as UserError
    from lnlib.encoders import Encoder as Encoder
    from lnlib.encoders import load_encoder as load_encoder
    from lnlib.languages import LANGUAGES as LANGUAGES
    from lnlib.masks.overlap import jaccard as jaccard
    from lnlib.masks.overlap import overlap_table as overlap_table
    from lnlib.masks.ticket import Ticket as Ticket
    from lnlib.papers.foroutan.coverage import TASKS as TASKS
    from lnlib.papers.foroutan.doors import Workbench as Workbench
    from lnlib.papers.foroutan.doors import find_ticket as find_ticket
    from lnlib.papers.foroutan.doors import load as load
    from lnlib.papers.foroutan.doors import transfer as transfer
    from lnlib.papers.foroutan.scales import LEVELS as LEVELS
    from lnlib.papers.foroutan.scales import SCALES as SCALES
    from lnlib.papers.foroutan.verification import verify as verify
    from lnlib.pruning.rounds import Search as Search


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"lnlib.{_HOME[name]}"), name)
    raise AttributeError(f"module 'lnlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
