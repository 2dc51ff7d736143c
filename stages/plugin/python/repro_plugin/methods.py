"""The methods of arXiv 2408.10536 and LAReQA (arXiv 2004.05484), to build others from.

They have the distributions of the engine's own samplers but draw other batches. All draw the dataset once a batch, in
proportion to its size, and items without replacement.
"""

from __future__ import annotations

import random

from .pool import Pool
from .sampler import Batch, Row, Step


def x_x(pool: Pool, step: Step, rng: random.Random) -> Batch:
    """Draw each row in one language, drawn for the row: the batch mixes languages."""
    _, items = pool.pick(step.size, rng, lambda dataset: dataset.items)
    rows = []
    for item in rng.sample(items, step.size):
        lang = rng.choice(pool.langs_of(item))
        rows.append(Row(item, lang, lang))
    return Batch("x-x", rows)


def x_x_mono(pool: Pool, step: Step, rng: random.Random) -> Batch:
    """Draw the whole batch in one language, drawn uniformly for the batch."""
    lang = rng.choice(pool.langs)
    _, items = pool.pick(step.size, rng, lambda dataset: dataset.items_in(lang), f"in {lang}")
    return Batch("x-x-mono", [Row(item, lang, lang) for item in rng.sample(items, step.size)])


def x_y(pool: Pool, step: Step, rng: random.Random) -> Batch:
    """Draw each row's question and passage in two different languages, drawn for the row."""
    _, items = pool.pick(step.size, rng, lambda dataset: dataset.multilingual, "in two languages")
    rows = []
    for item in rng.sample(items, step.size):
        query, passage = rng.sample(pool.langs_of(item), 2)
        rows.append(Row(item, query, passage))
    return Batch("x-y", rows)
