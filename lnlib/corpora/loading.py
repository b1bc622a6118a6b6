"""Where examples come from: the gazetteer that ships with the package, or the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lnlib.base.errors import UserError, choose
from lnlib.languages import codes_of


@dataclass(frozen=True)
class Corpus:
    """Examples of one task and language (or mixture), as the hub's data sets lay them out.

    mlm: {"text"}; ner: {"tokens", "ner_tags"}; xnli: {"premise", "hypothesis", "label"}.
    """

    task: str
    lang: str
    labels: tuple[str, ...]  # empty for mlm
    train: Sequence[dict]
    validation: Sequence[dict]
    source: str


# Lines of text per block asked for: gazetteer lines are shorter than a block, articles longer.
_LINES_PER_BLOCK = 3
# Records of the gazetteer as a parallel corpus: half of NTREX's sentences. A share of them is then
# known to 1.6 points (one standard error) at worst.
_RECORDS = 1_000


def load(task: str, lang: str, corpus: str, train: int, validation: int,
         data_dir: str | Path | None = None) -> Corpus:  # fmt: skip
    """The examples of a run.

    Parameters:

    - `task`: by name; it must have a source, or be one of the gazetteer's.
    - `lang`: a code, or a mixture ("en+fa+fr+zh") in equal parts.
    - `corpus`: "gazetteer" (ships) or "hub".
    - `train`, `validation`: how many examples of each split.
    - `data_dir`: a folder laid out like the hub; it replaces the hub, never the gazetteer.

    The choice of examples does not depend on a run's seed, so that seeds differ in training alone.
    Raises UserError for an unknown task or language, and where data cannot be had.
    """
    if choose(corpus, ("gazetteer", "hub"), "corpus") == "hub":
        from lnlib.corpora import treebanks

        if task in treebanks.LABELS:
            learnt, scored, note = treebanks.load_language(lang, train, validation, data_dir)
            return Corpus(task, lang, treebanks.LABELS[task], [s.example for s in learnt],
                          [s.example for s in scored], note)  # fmt: skip
    langs, sizes = codes_of(lang), {"train": train, "validation": validation}
    if corpus == "gazetteer":
        return _from_gazetteer(task, lang, langs, sizes, data_dir)
    from lnlib.corpora import hub
    from lnlib.corpora.sources import SOURCES

    labels = SOURCES[choose(task, SOURCES, "task")].labels
    splits, notes = {}, []
    for split, size in sizes.items():
        each = -(-size // len(langs))
        loaded = [hub.load(task, code, split, each, data_dir) for code in langs]
        notes += [note for _, note in loaded]
        splits[split] = _interleave([examples for examples, _ in loaded])
    source = "; ".join(dict.fromkeys(notes))
    return Corpus(task, lang, tuple(labels), splits["train"], splits["validation"], source)


def _from_gazetteer(task: str, lang: str, langs: Sequence[str], sizes: Mapping[str, int],
                    data_dir: object) -> Corpus:  # fmt: skip
    from lnlib.corpora import gazetteer

    labels = gazetteer.LABELS[choose(task, gazetteer.LABELS, "task of the gazetteer")]
    _check_no_folder(data_dir)
    splits = {}
    for split, size in sizes.items():
        wanted = size * _LINES_PER_BLOCK if task == "mlm" else size
        parts = [gazetteer.load(task, code, split, -(-wanted // len(langs))) for code in langs]
        splits[split] = _interleave(parts)
    return Corpus(task, lang, labels, splits["train"], splits["validation"], gazetteer.version())


def load_parallel(
    corpus: str, langs: Sequence[str], data_dir: str | Path | None = None
) -> tuple[dict[str, list[str]], str]:
    """Sentences by language, the same things in the same order, and one line on their origin.

    The gazetteer's records (its names held out from training) or NTREX. Raises UserError where data
    cannot be had.
    """
    if choose(corpus, ("gazetteer", "hub"), "corpus") == "gazetteer":
        from lnlib.corpora import gazetteer

        _check_no_folder(data_dir)
        records = {lang: gazetteer.load("mlm", lang, "validation", _RECORDS) for lang in langs}
        return {
            lang: [record["text"] for record in lines] for lang, lines in records.items()
        }, gazetteer.version()
    from lnlib.corpora import hub

    return hub.load_parallel(langs, data_dir)


def _check_no_folder(data_dir: object) -> None:
    if data_dir is not None:
        raise UserError(
            "the gazetteer ships with the package and takes no data_dir: try scale small "
            f"(got {str(data_dir)!r})"
        )


def _interleave(parts: Sequence[Sequence[dict]]) -> Sequence[dict]:
    if len(parts) == 1:
        return parts[0]
    return [example for row in zip(*parts, strict=False) for example in row]
