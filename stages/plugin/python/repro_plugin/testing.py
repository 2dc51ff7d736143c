"""For the unit tests of a plugin: a pool from a few lines, and batches without an engine.

::

    pool = make_pool(
        Pair("facts", f"f{n}", lang, f"question {n}", f"passage {n}") for n in range(9) for lang in ("de", "en")
    )
    for batch in draw(Temperature, pool, {"t": 2}, steps=5, batch_size=4):
        ...
"""

from __future__ import annotations

import json
import os
import tempfile
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, Union

from . import draws, tensors
from .component import create
from .console import Console
from .job import Input, Job
from .pool import FORMAT, Pool
from .sampler import Batch, Sampler
from .schema import REQUIRED

_COLUMNS = {"offsets": "Q", "first": "I", "origin": "I", "dataset": "H", "lang": "H"}

Inputs = Mapping[str, Union[str, Path, Sequence[Union[str, Path]], Mapping[str, Union[str, Path]]]]


class _Quiet(Console):
    def progress(self, done: int, total: int, unit: str) -> None:
        """Leave the output of tests alone."""

    def determinism(self, promise: str) -> None:
        """Leave the output of tests alone."""


class Pair(NamedTuple):
    """An item in one language."""

    dataset: str
    id: str
    lang: str
    query: str
    passage: str
    origin: str = ""
    negatives: Sequence[str] = ()


def make_pool(pairs: Iterable[Pair | Mapping[str, Any]], weight: str = "size") -> Pool:
    """Return the pool of the given pairs, in any order; each is a :class:`Pair` or a dict of its fields."""
    with tempfile.TemporaryDirectory(prefix="repro-pool-") as folder:
        path = os.path.join(folder, "pool")
        save_pool(path, pairs, weight)
        return Pool(path)  # what is mapped outlives the file's name


def save_pool(path: tensors.PathLike, pairs: Iterable[Pair | Mapping[str, Any]], weight: str = "size") -> None:
    """Write the pairs in the pool format (docs/formats.md), as the engine does."""
    rows = sorted(pair if isinstance(pair, Pair) else Pair(**pair) for pair in pairs)
    datasets = _numbers(pair.dataset for pair in rows)
    langs = _numbers(pair.lang for pair in rows)
    origins = _numbers(pair.origin for pair in rows)
    columns = {name: array(code) for name, code in _COLUMNS.items()}
    members = {f"multilingual.{d}": array("I") for d in datasets.values()}
    text = bytearray()
    columns["offsets"].append(0)
    for item, ((dataset, id), versions) in enumerate(groupby(rows, lambda pair: pair[:2])):
        d, pairs_before = datasets[dataset], len(columns["lang"])
        columns["first"].append(pairs_before)
        for pair in versions:
            members.setdefault(f"items.{d}.{langs[pair.lang]}", array("I")).append(item)
            columns["dataset"].append(d)
            columns["lang"].append(langs[pair.lang])
            columns["origin"].append(origins[pair.origin])
            for part in (id, pair.query, pair.passage):
                text += part.encode()
                columns["offsets"].append(len(text))
        in_langs = columns["lang"][pairs_before:]
        if len(set(in_langs)) < len(in_langs):
            raise ValueError(f"{dataset} has the item {id} twice in a language")
        if len(in_langs) > 1:
            members[f"multilingual.{d}"].append(item)
    columns["first"].append(len(rows))
    columns.update(_negatives(rows, text))
    metadata = {"format": FORMAT, "weight": weight}
    metadata.update(datasets=json.dumps([*datasets]), langs=json.dumps([*langs]), origins=json.dumps([*origins]))
    views = {name: memoryview(numbers) for name, numbers in {**columns, **members}.items()}
    tensors.save(path, metadata, {**views, "text": memoryview(text)})


def _negatives(rows: Sequence[Pair], text: bytearray) -> dict[str, array[int]]:
    """Return the columns of the pairs' negatives, whose texts are added, and none if there are none."""
    first, offsets = array("I", [0]), array("Q", [len(text)])
    for pair in rows:
        for negative in pair.negatives:
            text += negative.encode()
            offsets.append(len(text))
        first.append(len(offsets) - 1)
    return {"negatives.first": first, "negatives.offsets": offsets} if len(offsets) > 1 else {}


def _numbers(names: Iterable[str]) -> dict[str, int]:
    """Number the different names in their order."""
    return {name: number for number, name in enumerate(sorted(set(names)))}


def draw(
    sampler: type[Sampler],
    pool: Pool,
    params: Mapping[str, Any] | None = None,
    steps: int = 1,
    batch_size: int = 2,
    seed: int = 0,
    inputs: Inputs | None = None,
) -> list[Batch]:
    """Return the batches that a run would have. Parameters that are not given have their defaults. ``inputs`` has a
    path for a port, a list of paths, or a dict of them."""
    values = {param.name: param.default for param in sampler.params if param.default is not REQUIRED}
    values.update(params or {})
    drawn = create(sampler, json.dumps(values))
    with tempfile.TemporaryDirectory(prefix="repro-job-") as folder:
        job = Job(_Quiet(), Path(folder), ports=sampler.inputs, inputs=list(_inputs(inputs or {})))
        batches = list(draws.draw(drawn, pool, job, steps, batch_size, seed))
    encoder = draws.Encoder(pool)
    for batch in batches:
        encoder.encode(batch)  # what cannot be written is a mistake
    return batches


def _inputs(inputs: Inputs) -> Iterable[Input]:
    for port, given in inputs.items():
        if isinstance(given, Mapping):
            yield from (Input(port, name, str(path)) for name, path in sorted(given.items()))
        elif isinstance(given, (str, Path)):
            yield Input(port, "", str(given))
        else:
            yield from (Input(port, "", str(path)) for path in given)
