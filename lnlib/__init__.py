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
    "LEVELS": "scales",
    "SCALES": "scales",
    "TASKS": "tasks",
    "Encoder": "encoders",
    "Search": "pruning",
    "Ticket": "tickets",
    "UserError": "errors",
    "Workbench": "workbench",
    "find_ticket": "pruning",
    "jaccard": "overlap",
    "load": "corpora",
    "load_encoder": "encoders",
    "overlap_table": "overlap",
    "transfer": "transfers",
    "verify": "verification",
}
__all__ = sorted(_HOME)

if TYPE_CHECKING:
    from lnlib.corpora import load as load
    from lnlib.encoders import Encoder as Encoder
    from lnlib.encoders import load_encoder as load_encoder
    from lnlib.errors import UserError as UserError
    from lnlib.languages import LANGUAGES as LANGUAGES
    from lnlib.overlap import jaccard as jaccard
    from lnlib.overlap import overlap_table as overlap_table
    from lnlib.pruning import Search as Search
    from lnlib.pruning import find_ticket as find_ticket
    from lnlib.scales import LEVELS as LEVELS
    from lnlib.scales import SCALES as SCALES
    from lnlib.tasks import TASKS as TASKS
    from lnlib.tickets import Ticket as Ticket
    from lnlib.transfers import transfer as transfer
    from lnlib.verification import verify as verify
    from lnlib.workbench import Workbench as Workbench


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"lnlib.{_HOME[name]}"), name)
    raise AttributeError(f"module 'lnlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
