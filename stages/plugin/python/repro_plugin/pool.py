"""The pool of pairs that samplers draw from."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence

from . import tensors
from .errors import InputError, ParamError

FORMAT = "repro pool 1"
NONE = tensors.empty("I")


class Dataset:
    """The items of a pool that share a dataset's name. Items are numbers, which the methods of :class:`Pool` take."""

    def __init__(self, name: str, items: range, multilingual: memoryview, by_lang: dict[str, memoryview]) -> None:
        self.name = name
        self.items = items
        self.multilingual = multilingual  #: the items in two languages or more, ascending
        self._by_lang = by_lang

    def items_in(self, lang: str) -> memoryview:
        """Return the items that have the language, ascending. They stay in the file until looked at."""
        return self._by_lang.get(lang, NONE)

    def __repr__(self) -> str:
        return f"<Dataset {self.name}: {len(self.items)} items>"


class Pool:
    """Datasets, their items, and each item's text by language: a file in the pool format, mapped into memory.

    An *item* is one question with the passage that answers it, in all of its languages; a *pair* is an item in one
    language. Both are numbered in the order of dataset, id and language. Opening a pool reads only its header: texts
    are decoded when asked for, so a pool may be larger than memory. It is read-only and safe to use from threads.
    """

    langs: tuple[str, ...]  #: sorted
    datasets: tuple[Dataset, ...]  #: sorted by name
    weight: str  #: "size" if datasets are drawn in proportion to their size, "equal" if uniformly

    def __init__(self, path: tensors.PathLike) -> None:
        try:
            metadata, columns = tensors.load(path)
            if metadata.get("format") != FORMAT:
                raise ValueError(f"format {metadata.get('format')!r}, want {FORMAT!r}")
            self._map(metadata, columns)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} is no pool: {error}") from error

    def _map(self, metadata: dict[str, str], columns: dict[str, memoryview]) -> None:
        self._first, self._offsets, self._text = columns["first"], columns["offsets"], columns["text"]
        self._dataset_of, self._lang_of = columns["dataset"], columns["lang"]
        self._negatives = columns.get("negatives.first", NONE), columns.get("negatives.offsets", NONE)
        pairs = len(self._lang_of)
        if not len(self._first) or self._first[-1] != pairs or len(self._offsets) != 3 * pairs + 1:
            raise ValueError("columns of different lengths")
        self.weight = metadata["weight"]
        self.langs = tuple(json.loads(metadata["langs"]))
        self._lang_number = {lang: number for number, lang in enumerate(self.langs)}
        self.datasets = tuple(
            Dataset(
                name,
                range(self._start(d), self._start(d + 1)),
                columns.get(f"multilingual.{d}", NONE),
                {lang: columns[f"items.{d}.{n}"] for n, lang in enumerate(self.langs) if f"items.{d}.{n}" in columns},
            )
            for d, name in enumerate(json.loads(metadata["datasets"]))
        )

    def _start(self, dataset: int) -> int:
        """Return the first item of the dataset or of one after it."""
        return _partition(self.items, lambda item: self._dataset_of[self._first[item]] < dataset)

    def __len__(self) -> int:
        """Return the number of pairs, an item in n languages being n pairs."""
        return len(self._lang_of)

    def __repr__(self) -> str:
        return f"<Pool: {len(self)} pairs, {len(self.items)} items, {len(self.datasets)} datasets>"

    @property
    def items(self) -> range:
        """All items."""
        return range(len(self._first) - 1)

    def id(self, item: int) -> str:
        """Return the item's id, which is unique in its dataset."""
        return self._string(3 * self._first[item])

    def langs_of(self, item: int) -> list[str]:
        """Return the item's languages, sorted."""
        langs = self.langs
        return [langs[number] for number in self._lang_of[self._first[item] : self._first[item + 1]]]

    def text(self, item: int, lang: str) -> tuple[str, str]:
        """Return the item's question and passage in a language, or raise LookupError if it is not in it."""
        pair = self._pair(item, lang)
        return self._string(3 * pair + 1), self._string(3 * pair + 2)

    def negatives(self, item: int, lang: str) -> list[str]:
        """Return the negatives of the item's pair in a language: passages that look right and are not. Raise
        LookupError if the item is not in it."""
        pair = self._pair(item, lang)
        first, offsets = self._negatives
        numbers = range(first[pair], first[pair + 1]) if len(first) else ()
        return [str(self._text[offsets[n] : offsets[n + 1]], "utf-8") for n in numbers]

    def _pair(self, item: int, lang: str) -> int:
        number = self._lang_number.get(lang)
        for pair in range(self._first[item], self._first[item + 1]):
            if self._lang_of[pair] == number:
                return pair
        raise LookupError(f"item {self.id(item)} is not in {lang!r}, only in {', '.join(self.langs_of(item))}")

    def dataset_of(self, item: int) -> Dataset:
        """Return the dataset that the item is of."""
        return self.datasets[self._dataset_of[self._first[item]]]

    def find(self, dataset: str, id: str) -> int | None:
        """Return the item of a dataset that has the id, or None."""
        for candidate in self.datasets:
            if candidate.name == dataset:
                item = _partition(candidate.items, lambda item: self.id(item) < id)
                return item if item in candidate.items and self.id(item) == id else None
        return None

    def pick(
        self, size: int, rng: random.Random, eligible: Callable[[Dataset], Sequence[int]], what: str = ""
    ) -> tuple[Dataset, Sequence[int]]:
        """Draw a dataset and return it with its eligible items, of which there are at least ``size``.

        It is drawn among the datasets that have so many, in proportion to the number of all of its items or, if the
        workflow says so, uniformly. ``what`` completes "no dataset has items" in the error that none has enough::

            dataset, items = pool.pick(step.size, rng, lambda d: d.items_in("de"), "in de")
        """
        choices = [(dataset, eligible(dataset)) for dataset in self.datasets]
        fitting = [choice for choice in choices if len(choice[1]) >= size]
        if not fitting:
            raise _too_few(size, max((len(items) for _, items in choices), default=0), what)
        if self.weight == "equal":
            return rng.choice(fitting)
        return rng.choices(fitting, [len(dataset.items) for dataset, _ in fitting])[0]

    def _string(self, n: int) -> str:
        return str(self._text[self._offsets[n] : self._offsets[n + 1]], "utf-8")


def _too_few(size: int, largest: int, what: str) -> Exception:
    what = f" {what}" if what else ""
    if not largest:
        return InputError(f"no dataset has items{what}", "Give translated pairs too, or choose another sampler")
    return ParamError(
        "batch_size",
        f"{size}, but the largest dataset has {largest} items{what}",
        "A batch takes no item twice: make it smaller, or give more pairs",
    )


def _partition(numbers: range, before: Callable[[int], bool]) -> int:
    """Return the first number that ``before`` is false of, or the end; it must be true of all before that."""
    low, high = numbers.start, numbers.stop
    while low < high:
        middle = (low + high) // 2
        if before(middle):
            low = middle + 1
        else:
            high = middle
    return low
