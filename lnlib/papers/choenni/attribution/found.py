"""What an attribution found: a matrix of languages, shares of the most influential, examples.

Axes of the values: checkpoints, sub-networks, training examples (N), columns (C).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lnlib.base.errors import UserError, choose, whole
from lnlib.papers.choenni.attribution import shares

if TYPE_CHECKING:
    from lnlib.papers.choenni.joint import Sample


@dataclass(frozen=True)
class Influence:
    """Influence of every training example, by checkpoint and sub-network.

    Where a method takes `checkpoint`, 1 is the first, and 0 all of them together.
    """

    values: Mapping[str, np.ndarray]  # "cosine", "dot": (checkpoints, K, N, C); "norm": without C
    subnetworks: tuple[str, ...]
    masks: Mapping[str, str]  # the digest of each sub-network's mask, "" of the full model
    steps: Sequence[int]
    rates: Sequence[float]  # mean rate of the steps a checkpoint stands for
    langs: tuple[str, ...]
    train: Sample
    test: Sample
    view: str
    by_language: bool  # columns are means of languages, else test examples
    # Sub-networks asked about the test examples of one language: not a number elsewhere.
    only: Mapping[str, str] = field(default_factory=dict)

    def scores(self, subnetwork: str = "full", measure: str = "cosine",
               checkpoint: int = 0) -> np.ndarray:  # fmt: skip
        """Influence of each training example on each column: (N, C)."""
        choose(subnetwork, self.subnetworks, "sub-network")
        choose(measure, [name for name in self.values if name != "norm"], "measure")
        number = whole(checkpoint)
        if number is None or not 0 <= number <= len(self.steps):
            raise UserError(f"checkpoint {checkpoint!r}: expected 1 to {len(self.steps)}, or 0 for "
                            "all together")  # fmt: skip
        found = self.values[measure][:, self.subnetworks.index(subnetwork)].astype(np.float64)
        if measure == "dot":
            found = found * np.asarray(self.rates)[:, None, None]
        if number:
            return found[number - 1]
        return found.sum(0) if measure == "dot" else found.mean(0)

    def matrix(self, subnetwork: str = "full", measure: str = "cosine",
               checkpoint: int = 0) -> pd.DataFrame:  # fmt: skip
        """Mean influence of each training language (rows) on each test language (columns)."""
        found = self.scores(subnetwork, measure, checkpoint)
        names = np.array(self.langs) if self.by_language else self.test.langs
        means = [
            [found[np.ix_(self.train.langs == k, names == lang)].mean() for lang in self.langs]
            for k in self.langs
        ]
        rows, columns = (pd.Index(self.langs, name=n) for n in ("train_lang", "test_lang"))
        return pd.DataFrame(means, index=rows, columns=columns)

    def shares(self, subnetwork: str = "full", top: int = 100,
               checkpoint: int = 0) -> pd.DataFrame:  # fmt: skip
        """For every test example each language's share (%) of its `top` most influential.

        Of those that the sub-network is asked about. By chance it is the language's share of the
        training examples. UserError for more than there are training examples, and where only means
        of languages were computed.
        """
        best = self._best(subnetwork, top, checkpoint)
        found = shares.shares(best, self.train.langs, self.langs)
        whole = pd.DataFrame(found, columns=list(self.langs)).assign(test_lang=self.test.langs)
        return whole[whole["test_lang"].isin(self._asked(subnetwork))]

    def own_share(self, subnetwork: str = "full", top: int = 100,
                  checkpoint: int = 0) -> pd.DataFrame:  # fmt: skip
        """Each test language's share (%) of its own test examples' most influential.

        Columns: value, low and high (95 % interval over test examples), null_low and null_high
        (95 % of the values under permuted training languages), n.
        """
        rows = [row for row in self._share_rows(subnetwork, top, checkpoint)
                if row["train_lang"] == row["test_lang"]]  # fmt: skip
        return pd.DataFrame(rows).set_index("test_lang").drop(columns="train_lang")

    def gain(self, own: str, over: Sequence[str], top: int = 100,
             checkpoint: int = 0) -> pd.DataFrame:  # fmt: skip
        """How much higher own shares are in sub-network `own` than in those of `over` on average.

        By test language, in points, with a 95 % interval over test examples, each beside itself.
        Columns: value, low, high, n.
        """
        place = [self.langs.index(lang) for lang in self.test.langs]

        def one(name: str) -> np.ndarray:
            best = self._best(name, top, checkpoint)
            found = shares.shares(best, self.train.langs, self.langs)
            return found[np.arange(len(found)), place]

        change = one(own) - np.mean([one(name) for name in over], axis=0)
        rows = {}
        asked = [set(self._asked(name)) for name in (own, *over)]
        for lang in (lang for lang in self.langs if all(lang in some for some in asked)):
            values = change[self.test.langs == lang]
            low, high = shares.interval(values)
            rows[lang] = {"value": float(values.mean()), "low": low, "high": high, "n": len(values)}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("test_lang")

    def top(self, example: int, most: int = 10, subnetwork: str = "full",
            checkpoint: int = 0) -> pd.DataFrame:  # fmt: skip
        """The `most` training examples that influence one test example most, the first first.

        Columns: number (in the training split of its language), lang, influence.
        """
        number = whole(example)
        if number is None or not 0 <= number < len(self.test):
            raise UserError(f"example {example!r}: expected 0 to {len(self.test) - 1}")
        lang = str(self.test.langs[number])
        choose(lang, self._asked(subnetwork), f"language for {subnetwork!r}")
        best = self._best(subnetwork, most, checkpoint)[number]
        value = self.scores(subnetwork, "cosine", checkpoint)[best, number]
        return pd.DataFrame(
            {"number": self.train.numbers[best], "lang": self.train.langs[best], "influence": value}
        )

    def translations(self, subnetwork: str = "full", top: int = 100,
                     checkpoint: int = 0) -> pd.DataFrame:  # fmt: skip
        """Whether the foreign examples that count translate own ones that count, by test language.

        For training examples that are parallel (`Joint.parallel`). Columns: value (%, see
        `shares.translated`), low and high (95 % over test examples), null_low and null_high (95 %
        of the values if nothing but labels counted, see `shares.translated_by_label`), n. UserError
        where examples have no label each.
        """
        scores, labels = self.scores(subnetwork, "cosine", checkpoint), self.train.labels
        if self.by_language:
            raise UserError('only means of languages were computed: expected columns="examples"')
        if labels is None:
            raise UserError("these examples have no label each: expected those of xnli")
        rows = {}
        for lang in self._asked(subnetwork):
            columns = scores[:, self.test.langs == lang]
            langs, numbers = self.train.langs, self.train.numbers
            found = shares.translated(columns, langs, numbers, lang, top)
            low, high = shares.interval(found)
            null = shares.translated_by_label(columns, langs, numbers, labels, lang, top)
            null_low, null_high = np.quantile(null, [0.025, 0.975])
            rows[lang] = {"value": float(found.mean()), "low": low, "high": high,
                          "null_low": float(null_low), "null_high": float(null_high),
                          "n": len(found)}  # fmt: skip
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("test_lang")

    def rows(self, subnetwork: str, top: int, parallel: bool = False) -> list[dict[str, Any]]:
        """All that tables keep of one sub-network, in the columns of `tables.INFLUENCE`.

        Where examples have a label each, shares among those of one label, too; with `parallel`
        those of translations.
        """
        common = {"view": self.view, "mask": self.masks[subnetwork], "n_train": len(self.train),
                  "n_test": len(self.test)}  # fmt: skip
        place = self.subnetworks.index(subnetwork)
        found: list[dict[str, Any]] = []
        for checkpoint in range(len(self.steps) + 1):
            at = {**common, "checkpoint": checkpoint}
            for measure in (name for name in self.values if name != "norm"):
                found += [{**at, "measure": measure, **row}
                          for row in self._mean_rows(subnetwork, measure, checkpoint)]  # fmt: skip
            if not self.by_language:
                found += [{**at, "measure": "share", "top": top, **row}
                          for row in self._share_rows(subnetwork, top, checkpoint)]  # fmt: skip
            if not self.by_language and self.train.labels is not None:
                own = self._share_rows(subnetwork, top, checkpoint, of_label=True)
                found += [{**at, "measure": "share_of_label", "top": top, **row} for row in own]
            if parallel:
                both = self.translations(subnetwork, top, checkpoint).reset_index()
                found += [{**at, "measure": "translations", "train_lang": "", "top": top, **row}
                          for row in both.to_dict("records")]  # fmt: skip
            if checkpoint:
                norms = self.values["norm"][checkpoint - 1, place]
                found += [{**at, "measure": "norm", "train_lang": lang, "test_lang": "",
                           "value": float(norms[self.train.langs == lang].mean())}
                          for lang in self.langs]  # fmt: skip
        return found

    def _asked(self, subnetwork: str) -> tuple[str, ...]:
        """The languages whose test examples a sub-network is asked about."""
        return (self.only[subnetwork],) if subnetwork in self.only else self.langs

    def _best(self, subnetwork: str, top: int, checkpoint: int,
              of_label: bool = False) -> np.ndarray:  # fmt: skip
        if self.by_language:
            raise UserError('only means of languages were computed: expected columns="examples"')
        scores = self.scores(subnetwork, "cosine", checkpoint)
        if of_label:
            assert self.train.labels is not None and self.test.labels is not None
            return shares.of_label(scores, self.train.labels, self.test.labels, top)
        return shares.most_influential(scores, top)

    def _mean_rows(self, subnetwork: str, measure: str,
                   checkpoint: int) -> list[dict[str, Any]]:  # fmt: skip
        matrix = self.matrix(subnetwork, measure, checkpoint)
        found = self.scores(subnetwork, measure, checkpoint)
        rows = []
        for k in self.langs:
            for lang in self._asked(subnetwork):
                row = {"train_lang": k, "test_lang": lang, "value": float(matrix.loc[k, lang])}
                if not self.by_language:
                    own = found[np.ix_(self.train.langs == k, self.test.langs == lang)].mean(0)
                    row["low"], row["high"] = shares.interval(own)
                rows.append(row)
        return rows

    def _share_rows(self, subnetwork: str, top: int, checkpoint: int,
                    of_label: bool = False) -> list[dict[str, Any]]:  # fmt: skip
        best = self._best(subnetwork, top, checkpoint, of_label)
        labels = self.train.labels if of_label else None
        found = shares.shares(best, self.train.langs, self.langs)
        rows = []
        for lang in self._asked(subnetwork):
            own = self.test.langs == lang
            for place, k in enumerate(self.langs):
                values = found[own, place]
                low, high = shares.interval(values)
                null = shares.null(best[own], self.train.langs, k, labels=labels)
                null_low, null_high = np.quantile(null, [0.025, 0.975])
                rows.append({
                    "train_lang": k, "test_lang": lang, "value": float(values.mean()),
                    "low": low, "high": high, "null_low": float(null_low),
                    "null_high": float(null_high), "n": int(own.sum()),
                })  # fmt: skip
        return rows
