"""Hua, Yun, Pavlick (Findings of NAACL 2024): mOthello.

One network learns Othello in several made-up languages, so it is known by construction what they
share. Five lines train one and measure how far two languages are aligned in it:

    from lnlib.papers import hua
    languages = hua.languages("atomic,atomic", "4x4", method="anchors", anchors=4)
    train, test = hua.probe_games(languages, 1_500, 400)
    model = hua.pretrain(languages, "demo").model
    probe = hua.train_probe(model, languages, train, language=0)
    hua.probe_accuracy(probe, model, languages, test, language=1)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOME = {
    "Games": "world.games",
    "Languages": "world.languages",
    "SCALES": "scales",
    "World": "world.boards",
    "alignment": "probing.scores",
    "answers": "network.playing",
    "fine_tune": "transfer",
    "generate": "world.games",
    "languages": "world.languages",
    "legal_rate": "network.playing",
    "load": "network.model",
    "pretrain": "pretraining",
    "pretrain_on_prefix": "transfer",
    "probe_accuracy": "probing.scores",
    "probe_games": "probing.scores",
    "replay": "world.games",
    "save": "network.model",
    "train_probe": "probing.scores",
}
__all__ = sorted(_HOME)

if TYPE_CHECKING:
    from lnlib.papers.hua.network.model import load as load
    from lnlib.papers.hua.network.model import save as save
    from lnlib.papers.hua.network.playing import answers as answers
    from lnlib.papers.hua.network.playing import legal_rate as legal_rate
    from lnlib.papers.hua.pretraining import pretrain as pretrain
    from lnlib.papers.hua.probing.scores import alignment as alignment
    from lnlib.papers.hua.probing.scores import probe_accuracy as probe_accuracy
    from lnlib.papers.hua.probing.scores import probe_games as probe_games
    from lnlib.papers.hua.probing.scores import train_probe as train_probe
    from lnlib.papers.hua.scales import SCALES as SCALES
    from lnlib.papers.hua.transfer import fine_tune as fine_tune
    from lnlib.papers.hua.transfer import pretrain_on_prefix as pretrain_on_prefix
    from lnlib.papers.hua.world.boards import World as World
    from lnlib.papers.hua.world.games import Games as Games
    from lnlib.papers.hua.world.games import generate as generate
    from lnlib.papers.hua.world.games import replay as replay
    from lnlib.papers.hua.world.languages import Languages as Languages
    from lnlib.papers.hua.world.languages import languages as languages


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
