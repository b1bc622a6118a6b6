"""Where examples come from: the gazetteer that ships with the package, or the hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lnlib.base.errors import UserError, choose
from lnlib.languages import check_language
from lnlib.papers.foroutan.scales import SCALES
from lnlib.tasks.task import get_task


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


def load(task: str, lang: str, scale: str = "demo", data_dir: str | Path | None = None) -> Corpus:
    """The examples of a run; `lang` may be a mixture ("en+fa+fr+zh"), in equal parts.

    `data_dir` is a folder laid out like the hub; it replaces the hub, never the gazetteer. The
    choice of examples does not depend on a run's seed, so that seeds differ in training alone.
    Raises UserError for an unknown task, language or scale, and where data cannot be had.
    """
    get_task(task)
    langs = check_language(task, lang)
    setting = SCALES[choose(scale, SCALES, "scale")]
    recipe = setting.recipes[task]
    check_data_dir(scale, data_dir)
    sizes = {"train": recipe.train_examples, "validation": recipe.validation_examples}
    splits: dict[str, Sequence[dict]] = {}
    if setting.corpus == "gazetteer":
        from lnlib.corpora import gazetteer

        labels = {"ner": gazetteer.NER_LABELS, "xnli": gazetteer.NLI_LABELS}.get(task, ())
        for split, size in sizes.items():
            wanted = size * _LINES_PER_BLOCK if task == "mlm" else size
            parts = [gazetteer.load(task, code, split, -(-wanted // len(langs))) for code in langs]
            splits[split] = _interleave(parts)
        source = gazetteer.version()
    else:
        from lnlib.corpora import hub
        from lnlib.corpora.sources import SOURCES

        labels = SOURCES[task].labels
        notes = []
        for split, size in sizes.items():
            each = -(-size // len(langs))
            loaded = [hub.load(task, code, split, each, data_dir) for code in langs]
            notes += [note for _, note in loaded]
            splits[split] = _interleave([examples for examples, _ in loaded])
        source = "; ".join(dict.fromkeys(notes))
    return Corpus(task, lang, tuple(labels), splits["train"], splits["validation"], source)


def load_parallel(
    scale: str, langs: Sequence[str], data_dir: str | Path | None = None
) -> tuple[dict[str, list[str]], str]:
    """Sentences by language, the same things in the same order, and one line on their origin.

    The gazetteer's records (its names held out from training) or NTREX, by the scale. Raises
    UserError for an unknown scale, and where data cannot be had.
    """
    setting = SCALES[choose(scale, SCALES, "scale")]
    check_data_dir(scale, data_dir)
    if setting.corpus == "gazetteer":
        from lnlib.corpora import gazetteer

        records = {lang: gazetteer.load("mlm", lang, "validation", _RECORDS) for lang in langs}
        return {
            lang: [record["text"] for record in lines] for lang, lines in records.items()
        }, gazetteer.version()
    from lnlib.corpora import hub

    return hub.load_parallel(langs, data_dir)


def check_data_dir(scale: str, data_dir: object) -> None:
    """Raise UserError for a data_dir at a scale that ships its data."""
    if data_dir is not None and SCALES[scale].corpus == "gazetteer":
        raise UserError(
            f"scale {scale!r} reads the gazetteer and takes no data_dir: add -p scale small "
            f"(got {str(data_dir)!r})"
        )


def _interleave(parts: Sequence[Sequence[dict]]) -> Sequence[dict]:
    if len(parts) == 1:
        return parts[0]
    return [example for row in zip(*parts, strict=False) for example in row]
