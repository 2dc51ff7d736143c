"""Ways to draw batches."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from .component import Component
from .job import Job
from .pool import Pool


class Step(NamedTuple):
    """The place of a batch in a run."""

    number: int  #: from 0
    total: int  #: how many there will be
    size: int  #: rows to draw


class Row(NamedTuple):
    """One question and the passage that answers it.

    ``query_text`` and ``passage_text``, if not empty, take the place of the item's text in that language.
    ``negatives`` are passages, as (item, language), that every question of the batch is scored against besides those
    of the other rows; ``negative_texts`` are more of them.
    """

    item: int
    query: str  #: language of the question
    passage: str  #: language of the passage
    query_text: str = ""
    passage_text: str = ""
    negatives: Sequence[tuple[int, str]] = ()
    negative_texts: Sequence[str] = ()


class Batch(NamedTuple):
    """The rows that are scored against each other in one step. All of their items are of one dataset.

    ``draw`` says how it was drawn, for the summary: the sampler's name, or that of the method which a mixture chose.
    """

    draw: str
    rows: Sequence[Row]


class Sampler(Component):
    """A way to draw batches; a workflow chooses it by its name. See the package's example."""

    def prepare(self, pool: Pool, job: Job) -> None:
        """Do what is needed once before the first batch, such as reading ``job.input("lexicon")``. If it takes long,
        call ``job.progress`` on the way."""

    @abstractmethod
    def batch(self, pool: Pool, step: Step, rng: random.Random) -> Batch:
        """Return ``step.size`` rows. All chance must come from ``rng``, which is made anew for each step, so that a
        batch depends on nothing but its step."""
        raise NotImplementedError
