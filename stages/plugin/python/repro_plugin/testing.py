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
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple, Optional, Sequence, Union

from . import draws, tensors
from .component import create
from .console import Console
from .job import Input, Job
from .pool import FORMAT, Pool
from .sampler import Batch, Sampler
from .schema import REQUIRED

Inputs = Mapping[str, Union[str, Path, Sequence[Union[str, Path]], Mapping[str, Union[str, Path]]]]


class Pair(NamedTuple):
    """An item in one language."""

    dataset: str
    id: str
    lang: str
    query: str
    passage: str
    origin: str = ""


def make_pool(pairs: Iterable[Union[Pair, Mapping[str, str]]], weight: str = "size") -> Pool:
    """Return the pool of the given pairs, in any order; each is a :class:`Pair` or a dict of its fields."""
    with tempfile.TemporaryDirectory(prefix="repro-pool-") as folder:
        path = os.path.join(folder, "pool")
        save_pool(path, pairs, weight)
        return Pool(path)  # what is mapped outlives the file's name


def save_pool(path: tensors.PathLike, pairs: Iterable[Union[Pair, Mapping[str, str]]], weight: str = "size") -> None:
    """Write the pairs in the pool format (docs/formats.md), as the engine does."""
    rows = sorted(pair if isinstance(pair, Pair) else Pair(**pair) for pair in pairs)
    datasets, langs, origins = (sorted(set(names)) for names in ([p[k] for p in rows] for k in (0, 2, 5)))
    number = [{name: n for n, name in enumerate(names)} for names in (datasets, langs, origins)]
    offsets, first, text = array("Q", [0]), array("I"), bytearray()
    dataset, lang, origin = array("H"), array("H"), array("I")
    members: dict[str, list[int]] = {f"multilingual.{d}": [] for d in range(len(datasets))}
    before = None
    for pair in rows:
        d, n = number[0][pair.dataset], number[1][pair.lang]
        if before == pair[:3]:
            raise ValueError(f"{pair.dataset} has the item {pair.id} twice in {pair.lang}")
        if before is None or before[:2] != pair[:2]:
            first.append(len(dataset))
        item = len(first) - 1
        members.setdefault(f"items.{d}.{n}", []).append(item)
        if len(dataset) - first[item] == 1:  # the second language of the item
            members[f"multilingual.{d}"].append(item)
        dataset.append(d)
        lang.append(n)
        origin.append(number[2][pair.origin])
        for part in (pair.id, pair.query, pair.passage):
            text += part.encode()
            offsets.append(len(text))
        before = pair[:3]
    first.append(len(dataset))
    columns = {"offsets": offsets, "first": first, "origin": origin, "dataset": dataset, "lang": lang, "text": text}
    columns.update({name: array("I", items) for name, items in members.items()})
    metadata = {"format": FORMAT, "weight": weight}
    metadata.update(datasets=json.dumps(datasets), langs=json.dumps(langs), origins=json.dumps(origins))
    tensors.save(path, metadata, {name: memoryview(column) for name, column in columns.items()})


def draw(
    sampler: type[Sampler],
    pool: Pool,
    params: Optional[Mapping[str, Any]] = None,
    steps: int = 1,
    batch_size: int = 2,
    seed: int = 0,
    inputs: Optional[Inputs] = None,
) -> list[Batch]:
    """Return the batches that a run would have. Parameters that are not given have their defaults. ``inputs`` has a
    path for a port, a list of paths, or a dict of them."""
    values = {param.name: param.default for param in sampler.params if param.default is not REQUIRED}
    values.update(params or {})
    drawn = create(sampler, json.dumps(values))
    with tempfile.TemporaryDirectory(prefix="repro-job-") as folder:
        job = Job(Console(), Path(folder), ports=sampler.inputs, inputs=list(_inputs(inputs or {})))
        batches = list(draws.draw(drawn, pool, job, steps, batch_size, seed))
    for batch in batches:
        draws.encode(batch)  # what cannot be written is a mistake
    return batches


def _inputs(inputs: Inputs) -> Iterable[Input]:
    for port, given in inputs.items():
        if isinstance(given, Mapping):
            yield from (Input(port, name, str(path)) for name, path in sorted(given.items()))
        elif isinstance(given, (str, Path)):
            yield Input(port, "", str(given))
        else:
            yield from (Input(port, "", str(path)) for path in given)
