"""The library by names: tasks, languages and scales of paper 1 are looked up, and checked.

These are the functions that `lnlib` offers; behind each stands one of the core, which takes objects
and knows no paper.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import lnlib.pruning.transfer as moving
from lnlib.base import seeds
from lnlib.base.errors import UserError, brief, choose, nearest, whole
from lnlib.base.files import as_path
from lnlib.corpora import loading
from lnlib.encoders import Encoder, load_encoder
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan.coverage import check_language, get_task
from lnlib.papers.foroutan.scales import HEADLINE, LEVELS, SCALES, levels_to
from lnlib.pruning import controls
from lnlib.pruning import search as searching
from lnlib.pruning.methods import METHODS, WITHOUT_DATA
from lnlib.pruning.rounds import Search
from lnlib.results import runs
from lnlib.results.places import Places
from lnlib.results.scores import SCORES
from lnlib.tasks.task import Task, TaskData
from lnlib.training import workbench
from lnlib.training.recipe import Recipe, Scale
from lnlib.training.workbench import Trained

PAPER = "foroutan"  # the folder of its runs and of its tables


def get_scale(name: object) -> Scale:
    """The scale of that name, or the scale itself; UserError names the nearest for another."""
    return name if isinstance(name, Scale) else SCALES[choose(name, SCALES, "scale")]


def get_encoder(encoder: Encoder | str | Path) -> Encoder:
    """An encoder as it is, or loaded by its name or folder; UserError where there is none."""
    return encoder if isinstance(encoder, Encoder) else load_encoder(encoder)


def check_levels(levels: object) -> tuple[int, ...]:
    """Sparsities as a tuple; UserError unless they rise and each is 10, 20, ... or 90 %."""
    if isinstance(levels, str) or not isinstance(levels, Iterable):
        raise UserError(f"sparsities must be a list such as [10, 20, 30], got {brief(levels)}")
    out: list[int] = []
    for level in levels:
        number = whole(level)
        if number is None or number not in LEVELS:
            have = f"{', '.join(map(str, LEVELS))}{nearest(level, LEVELS)}"
            raise UserError(f"sparsity {brief(level)} is not one of {have}")
        out.append(number)
    if not out or out != sorted(set(out)):
        raise UserError(f"sparsities must rise and not repeat, got {out!r}")
    return tuple(out)


def load(task: str | Task, lang: str, scale: str | Scale = "demo",
         data_dir: str | Path | None = None) -> loading.Corpus:  # fmt: skip
    """The examples of a run; `lang` may be a mixture ("en+fa+fr+zh"), in equal parts.

    `data_dir` is a folder laid out like the hub; it replaces the hub, never the gazetteer. The
    choice of examples does not depend on a run's seed, so that seeds differ in training alone.
    Raises UserError for an unknown task, language or scale, and where data cannot be had.
    """
    task, setting = get_task(task), get_scale(scale)
    check_language(task, lang)
    recipe = setting.recipe(task)
    sizes = recipe.train_examples, recipe.validation_examples
    folder = None if data_dir is None else as_path(data_dir, "data_dir")
    return loading.load(task.corpus, lang, setting.corpus, *sizes, folder)


class Workbench(workbench.Workbench):
    """An encoder with one task's data and recipe: what every training of a run shares."""

    def __init__(self, encoder: Encoder | str | Path, task: str | Task, lang: str,
                 scale: str | Scale = "demo", *, data_dir: str | Path | None = None,
                 recipe: Recipe | None = None, data: TaskData | None = None,
                 head_seed: int | None = None) -> None:  # fmt: skip
        """Load and encode the data (or take `data`); `recipe` replaces the scale's.

        With `head_seed` every head is drawn from it, whatever the seed of the training. UserError
        for an unknown task, language or scale, for data of another task, language or tokenizer, and
        where data cannot be had.
        """
        task, setting = get_task(task), get_scale(scale)
        check_language(task, lang)
        super().__init__(get_encoder(encoder), task, lang, setting, data_dir=data_dir,
                         recipe=recipe, data=data, head_seed=head_seed)  # fmt: skip


def find_ticket(
    encoder: Encoder | str | Path,
    task: str | Task,
    lang: str,
    scale: str | Scale | None = None,
    *,
    seed: int = 0,
    method: str = "ticket",
    levels: Sequence[int] = LEVELS,
    search: Search | None = None,
    data_dir: str | Path | None = None,
    path: str | Path | None = None,
    bench: workbench.Workbench | None = None,
    on_round: Callable[[Ticket, int, Trained], None] | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Ticket:
    """All masks of one search, and for "ticket" the score at every level.

    Parameters:

    - `encoder`: loaded, or a name or folder for `load_encoder`.
    - `task`, `lang`: what to search on; a mixture such as "en+fa+fr+zh" is a language too.
    - `scale`: "demo", or the one of `bench`.
    - `seed`: of heads, orders, dropout, and of the random control.
    - `method`: "ticket", or a control that knows less: "random" (no weights looked at), "magnitude"
      (the untouched encoder's smallest weights, one shot), "shuffled" (a search on shuffled
      labels), "change" and "fisher" (searches that rank weights by these criteria; their rounds are
      not scored).
    - `levels`: the sparsities (%) to prune to, rising, each a multiple of 10 within 10 to 90.
    - `search`: how weights are ranked and pruned; the paper's text, if not given.
    - `data_dir`: a folder laid out like the hub, in place of the hub.
    - `path`: where the ticket is saved after every round. A search found there goes on, also where
      it was started with fewer levels or with more (it then stops early, or has more already).
    - `bench`: in place of loading data.
    - `on_round`: called after every training with the ticket, the sparsity and what was trained.
    - `progress`: called after every step with its number and loss.

    Raises UserError if the file holds another search, and if `bench` is not of the encoder, task,
    language or scale that is asked for, or is passed beside `data_dir`. Source: paper, section 3
    and Appendix D.
    """
    choose(method, METHODS, "method")
    levels = check_levels(levels)
    if search is not None and not isinstance(search, Search):
        raise UserError(f"search {brief(search)}: expected a Search, such as {Search()}")
    seed = seeds.check(seed)
    path = None if path is None else as_path(path)
    encoder, task = get_encoder(encoder), get_task(task)
    check_language(task, lang)
    if bench is not None:
        _check_bench(bench, encoder, data_dir, task=task, lang=lang, scale=scale)
    setting = get_scale(scale or (bench.scale if bench else "demo"))
    if method in WITHOUT_DATA:
        make = controls.random if method == "random" else controls.magnitude
        ticket = make(encoder, levels, seed=seed, task=task.name, lang=lang, scale=setting.name,
                      settings=search)  # fmt: skip
        if path is not None and searching.found_at(path, ticket.record) is None:
            ticket.save(path)
        return ticket
    bench = bench or Workbench(encoder, task, lang, setting, data_dir=data_dir)
    return searching.search(
        bench, levels, seed=seed, method=method, settings=search, path=path, on_round=on_round,
        progress=progress,
    )  # fmt: skip


def transfer(
    ticket: Ticket | None,
    encoder: Encoder | str | Path,
    lang: str | None = None,
    task: str | Task | None = None,
    *,
    level: int = HEADLINE,
    seed: int | None = None,
    data_dir: str | Path | None = None,
    bench: workbench.Workbench | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> moving.Result:
    """Train the ticket's mask at `level` % on a target language and task, from pre-trained weights.

    Parameters:

    - `ticket`: whose mask; None trains the full model (then `lang` and `task`, or `bench`, are
      needed).
    - `encoder`: loaded, or a name or folder.
    - `lang`, `task`, `seed`: the target; the ticket's own unless given, and then the result equals
      the search's own score at that level.
    - `level`: sparsity in %; 50 is the level the paper transfers at.
    - `data_dir`: a folder laid out like the hub, in place of the hub.
    - `bench`: in place of loading data.
    - `progress`: called after every step with its number and loss.

    Raises UserError if `bench` is not of the encoder, language or task that is asked for, or is
    passed beside `data_dir`. Source: paper, section 4.3.
    """
    if not isinstance(ticket, Ticket | None):
        raise UserError(f"{brief(ticket)} is no ticket: Ticket.load(path) reads one from a file")
    own = ticket.record if ticket else None
    seed = seeds.check(seed if seed is not None else own.seed if own else 0)
    encoder = get_encoder(encoder)
    if bench is not None:
        _check_bench(bench, encoder, data_dir, lang=lang, task=task)
    else:
        if ticket is not None and own is not None:
            lang, task = lang or own.lang, task or own.task
            searching.check_ticket(ticket, encoder, level)  # before data are loaded
        if not lang or not task:
            raise UserError("the full model needs a target: pass lang and task")
        if own is not None and own.scale not in SCALES:  # the reference code's masks
            raise UserError(
                f"{ticket!r} is of scale {own.scale!r}, which has no data: pass "
                f"bench=Workbench(encoder, {str(task)!r}, {lang!r}, scale)"
            )
        bench = Workbench(encoder, task, lang, own.scale if own else "demo", data_dir=data_dir)
    return moving.transfer(ticket, bench, level, seed, progress)


def _check_bench(bench: workbench.Workbench, encoder: Encoder, data_dir: object,
                 **asked: object) -> None:  # fmt: skip
    """UserError unless a workbench that was passed is of all that was passed beside it."""
    if not isinstance(bench, workbench.Workbench):
        raise UserError(f"bench {brief(bench)}: expected a Workbench")
    if data_dir is not None:
        raise UserError(
            f"data_dir {brief(data_dir)} would not be read, as the workbench has its data: pass it "
            "to Workbench(...)"
        )
    for name, value in asked.items():
        own = getattr(bench, name)
        if value is not None and str(value) != str(own):
            raise UserError(
                f"{name} {str(value)!r} is not that of the workbench: expected {str(own)!r}"
            )
    if encoder.fingerprint != bench.encoder.fingerprint:
        raise UserError(
            f"encoder {encoder.name!r} ({encoder.fingerprint}) is not that of the workbench: "
            f"expected {bench.encoder.name!r} ({bench.encoder.fingerprint})"
        )


def places(runs_dir: str | Path, scale: str | Scale) -> Places:
    """Where the runs of a scale are, under a user's folder for runs.

    Runs that an earlier version left at RUNS/SCALE are named, with the command that moves them.
    """
    found = Places.of(as_path(runs_dir, "runs_dir"), PAPER, str(scale))
    new, old = found.home, found.home.parent.parent / str(scale)
    if SCORES.path(old).exists() and not new.exists():
        folder, source, target = (shlex.quote(str(path)) for path in (new.parent, old, new))
        print(
            f"what an earlier version measured is in {str(old)!r}; to go on from it: "
            f"mkdir -p {folder} && mv {source} {target}",
            file=sys.stderr,
        )
    return found


def ticket_at(encoder: Encoder, task: str | Task, lang: str, scale: str | Scale, sparsity: int,
              seed: int, runs_dir: str | Path,
              data_dir: str | Path | None = None) -> Ticket:  # fmt: skip
    """The ticket of a search that has a mask at `sparsity` %, searched first if there is none.

    Parameters:

    - `encoder`, `task`, `lang`, `scale`, `seed`: of the search.
    - `sparsity`: in %.
    - `runs_dir`: where tickets are looked for and left.
    - `data_dir`: a folder laid out like the hub, in place of the hub.

    A search that was stopped before that level goes on with the levels it was started with, one
    that was to end before it goes on to it.
    """
    (sparsity,) = check_levels([sparsity])
    home, levels = places(runs_dir, scale), levels_to(sparsity)
    path = home.ticket(str(task), lang, seed)
    if path.exists():
        ticket = Ticket.load(path)
        if sparsity in ticket.levels:
            return ticket
        if sparsity in ticket.record.levels:
            levels = ticket.record.levels
    bench = Workbench(encoder, task, lang, scale, data_dir=data_dir)
    return runs.search(bench, seed, home, levels=levels)
