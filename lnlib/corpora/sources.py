"""Where the paper's data are: repositories on the hub, and folders laid out like them.

WikiAnn (Rahimi et al. 2019), XNLI (Conneau et al. 2018) and the Wikipedia of 2023-11-01; and NTREX
(Federmann et al. 2022), translated into all eleven languages, in place of the paper's WMT14 test
set, which is English and French.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """Where one task's data are, on the hub and in a local folder."""

    repo: str
    revision: str  # a commit, so that the data stay the same
    config: str
    folders: tuple[tuple[str, str], ...]  # (folder, config) in `data_dir`; the first found is read
    columns: tuple[str, ...]
    labels: tuple[str, ...] = ()
    # Split -> split read if it is not there.
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    tagged: bool = False  # one label a word: the first column holds lists of words
    documents: bool = False  # where there is no validation split, some are held out of train


SOURCES: dict[str, Source] = {
    "ner": Source(
        repo="unimelb-nlp/wikiann",
        revision="f0a3be6dc5564c0cc4150bb660144800a1f539d4",
        config="{lang}",
        folders=(("wikiann", "{lang}"),),
        columns=("tokens", "ner_tags"),
        labels=("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"),
        tagged=True,
    ),
    "xnli": Source(
        repo="facebook/xnli",
        revision="b8dd5d7af51114dbda02c0e3f6133f332186418e",
        config="{lang}",
        folders=(("xnli", "{lang}"),),
        columns=("premise", "hypothesis", "label"),
        labels=("entailment", "neutral", "contradiction"),
        stand_ins={"train": "test"},  # a folder may lack the 392,702 translated training pairs
    ),
    "mlm": Source(
        repo="wikimedia/wikipedia",
        revision="b04c8d1ceb2f5cd4588862100d08de323dccfbaa",
        config="20231101.{lang}",
        folders=(("wikipedia", "20231101.{lang}"), ("text", "{lang}")),
        columns=("text",),
        stand_ins={"validation": "train"},  # Wikipedia has only train
        documents=True,
    ),
}


# Read in public code, as the other revisions are; the hub could not be asked.
NTREX = Source(
    repo="mteb/NTREXBitextMining",
    revision="66b8b27efc99658903127730575e9fa0cb9f075c",
    config="default",
    folders=(("ntrex", "all"),),
    columns=(),  # one a language: by the code in a folder, by the names below on the hub
)
NTREX_NAMES = {
    "ar": "arb_Arab", "de": "deu_Latn", "en": "eng_Latn", "es": "spa_Latn", "fa": "fas_Arab",
    "fr": "fra_Latn", "hi": "hin_Deva", "ru": "rus_Cyrl", "sw": "swa_Latn", "ur": "urd_Arab",
    "zh": "zho_Hans",
}  # fmt: skip
