"""From a sampler to the file of draws: every batch of a run, checked and written."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from operator import index
from typing import Any

from .errors import PluginError
from .job import Job
from .pool import Pool
from .sampler import Batch, Row, Sampler, Step


def rng_of(seed: int, number: int) -> random.Random:
    """Return the source of chance for a step. Those of different seeds or steps are independent, so that a batch does
    not depend on the ones before it."""
    key = b"repro sample 1\n" + seed.to_bytes(8, "big") + number.to_bytes(8, "big")
    return random.Random(int.from_bytes(hashlib.sha256(key).digest(), "big"))


def draw(sampler: Sampler, pool: Pool, job: Job, steps: int, size: int, seed: int) -> Iterator[Batch]:
    """Prepare the sampler and yield its batches. Progress counts those that the caller has taken and dealt with."""
    sampler.prepare(pool, job)
    for number in range(steps):
        batch = sampler.batch(pool, Step(number, steps, size), rng_of(seed, number))
        problem = _problem(batch, size)
        if problem:
            raise PluginError(f"{type(sampler).__qualname__}.batch returned {problem} (step {number})")
        yield batch
        job.progress(number + 1, steps, "steps")


def _problem(batch: Any, size: int) -> str:
    """Return what is wrong with what an author calls a batch. Whether the rows fit the pool is for the engine to say,
    which checks the draws of every plugin."""
    if not isinstance(batch, Batch):
        return f"{_a(batch)}, not a Batch"
    if not isinstance(batch.draw, str) or not isinstance(batch.rows, Sequence):
        return f"a Batch of {_a(batch.draw)} and {_a(batch.rows)}, not of a str and a list of rows"
    for row in batch.rows:
        if not isinstance(row, Row):
            return f"{_a(row)} among its rows, not a Row"
    if len(batch.rows) != size:
        return f"{len(batch.rows)} rows, not step.size, {size}"
    return ""


def _a(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


class Encoder:
    """Makes lines of the draws format, which names languages by their numbers."""

    def __init__(self, pool: Pool) -> None:
        self._number = {lang: number for number, lang in enumerate(pool.langs)}

    def encode(self, batch: Batch) -> bytes:
        """Return the batch as a line."""
        try:
            return self._encode(batch)
        except KeyError as error:
            raise PluginError(f"the pool has no language {error}; it has {', '.join(self._number)}") from None

    def _encode(self, batch: Batch) -> bytes:
        number = self._number
        items, query, passage, query_text, passage_text, negatives, negative_texts = zip(*batch.rows)
        line: dict[str, Any] = {
            "draw": batch.draw,
            "items": list(map(index, items)),
            "query": [number[lang] for lang in query],
            "passage": [number[lang] for lang in passage],
        }
        if any(query_text):
            line["query_text"] = query_text
        if any(passage_text):
            line["passage_text"] = passage_text
        if any(map(len, negatives)):
            line["negatives"] = [[[index(item), number[lang]] for item, lang in row] for row in negatives]
        if any(map(len, negative_texts)):
            line["negative_texts"] = [list(row) for row in negative_texts]
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
