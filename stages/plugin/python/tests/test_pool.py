"""The pool format and what a pool tells."""

from __future__ import annotations

import json
import os
import random
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from support import big_pool, parallel, private_memory

from repro_plugin import InputError, ParamError, Pool, Step, x_x_mono, x_y
from repro_plugin.testing import Pair, make_pool, save_pool

PAIRS = [
    Pair("zoo", "b", "en", "What is it?", "It is a dog."),
    Pair("facts", "2", "zh", "问题？", "回答。", origin="apertium"),
    Pair("facts", "1", "ar", "سؤال", "جواب"),
    Pair("facts", "1", "de", "Wie groß?", "2 m – 3 m 😀"),
    Pair("facts", "10", "de", "", ""),
    Pair("facts", "1", "en", "How large?", "2 m"),
    Pair("zoo", "ä", "en", "?", "!"),
    Pair("zoo", "ä", "zh", "？", "！"),
]


class PoolTest(unittest.TestCase):
    def test_round_trip(self) -> None:
        pool = make_pool(reversed(PAIRS), weight="equal")
        self.assertEqual((len(pool), len(pool.items), pool.weight), (8, 5, "equal"))
        self.assertEqual(pool.langs, ("ar", "de", "en", "zh"))
        self.assertEqual([d.name for d in pool.datasets], ["facts", "zoo"])
        for pair in PAIRS:
            item = pool.find(pair.dataset, pair.id)
            assert item is not None
            self.assertEqual(pool.id(item), pair.id)
            self.assertEqual(pool.dataset_of(item).name, pair.dataset)
            self.assertEqual(pool.text(item, pair.lang), (pair.query, pair.passage))
        facts, zoo = pool.datasets
        self.assertEqual([pool.id(i) for i in facts.items], ["1", "10", "2"])
        self.assertEqual([pool.id(i) for i in zoo.items], ["b", "ä"])
        self.assertEqual(
            [pool.langs_of(i) for i in pool.items], [["ar", "de", "en"], ["de"], ["zh"], ["en"], ["en", "zh"]]
        )
        self.assertEqual([list(facts.items_in(lang)) for lang in pool.langs], [[0], [0, 1], [0], [2]])
        self.assertEqual(list(zoo.items_in("de")), [])
        self.assertEqual(list(zoo.items_in("tlh")), [])
        self.assertEqual([list(d.multilingual) for d in pool.datasets], [[0], [4]])

    def test_the_file_is_as_documented(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "pool")
            save_pool(path, PAIRS)
            raw = path.read_bytes()
        size = int.from_bytes(raw[:8], "little")
        self.assertEqual(size % 8, 0)
        header = json.loads(raw[8 : 8 + size])
        meta = header.pop("__metadata__")
        self.assertEqual((meta["format"], meta["weight"]), ("repro pool 1", "size"))
        self.assertEqual(json.loads(meta["origins"]), ["", "apertium"])
        types = {name: (entry["dtype"], entry["shape"]) for name, entry in header.items()}
        self.assertEqual(types["offsets"], ("U64", [25]))
        self.assertEqual(types["first"], ("U32", [6]))
        self.assertEqual(types["origin"], ("U32", [8]))
        self.assertEqual((types["dataset"], types["lang"]), (("U16", [8]), ("U16", [8])))
        self.assertEqual(
            sorted(name for name in types if "." in name),
            ["items.0.0", "items.0.1", "items.0.2", "items.0.3", "items.1.2", "items.1.3"]
            + ["multilingual.0", "multilingual.1"],
        )
        spans = sorted(tuple(entry["data_offsets"]) for entry in header.values())
        self.assertEqual(spans[0][0], 0)
        self.assertEqual([end for _, end in spans], [begin for begin, _ in spans[1:]] + [len(raw) - 8 - size])

    def test_negatives(self) -> None:
        pool = make_pool([PAIRS[0], *(pair._replace(negatives=["nein 😀", "no"]) for pair in PAIRS[3:4]), PAIRS[5]])
        item = pool.find("facts", "1")
        assert item is not None
        self.assertEqual(pool.negatives(item, "de"), ["nein 😀", "no"])
        self.assertEqual(pool.negatives(item, "en"), [])
        self.assertEqual(pool.text(item, "de"), ("Wie groß?", "2 m – 3 m 😀"))
        with self.assertRaisesRegex(LookupError, "is not in 'tlh'"):
            pool.negatives(item, "tlh")
        self.assertEqual(make_pool(PAIRS).negatives(0, "de"), [])

    def test_find_nothing(self) -> None:
        pool = make_pool(PAIRS)
        for dataset, id in [("facts", "0"), ("facts", "3"), ("facts", "b"), ("zoo", "1"), ("zoo", "ö"), ("none", "1")]:
            self.assertIsNone(pool.find(dataset, id), (dataset, id))

    def test_text_in_a_language_that_an_item_lacks(self) -> None:
        pool = make_pool(PAIRS)
        with self.assertRaisesRegex(LookupError, "item 1 is not in 'fr', only in ar, de, en"):
            pool.text(0, "fr")

    def test_views_cannot_be_written_to(self) -> None:
        pool = make_pool(PAIRS)
        with self.assertRaises(TypeError):
            pool.datasets[0].items_in("de")[0] = 3

    def test_empty_pool_and_pool_of_one_language(self) -> None:
        self.assertEqual(len(make_pool([])), 0)
        pool = make_pool(parallel("a", 3, "en"))
        self.assertEqual((len(pool.datasets[0].multilingual), len(pool.datasets[0].items)), (0, 3))

    def test_a_pair_that_occurs_twice(self) -> None:
        with self.assertRaisesRegex(ValueError, "zoo has the item b twice in a language"):
            make_pool([*PAIRS, PAIRS[0]])

    def test_what_is_no_pool(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "pool")
            save_pool(path, PAIRS)
            good = path.read_bytes()
            for name, bad in {
                "empty": b"",
                "text": b"hello, this is no pool",
                "cut short": good[:-1],
                "another version": good.replace(b"repro pool 1", b"repro pool 2"),
                "another type": good.replace(b'"U16"', b'"F16"'),
            }.items():
                with self.subTest(name):
                    path.write_bytes(bad)
                    with self.assertRaisesRegex(InputError, "is no pool"):
                        Pool(path)


class PickTest(unittest.TestCase):
    def pick(self, weight: str, size: int = 10) -> Counter[str]:
        pool = make_pool(
            parallel("a", 100, "en", "de") + parallel("b", 300, "en", "de") + parallel("tiny", 9, "en", "de"), weight
        )
        rng = random.Random(1)
        return Counter(pool.pick(size, rng, lambda d: d.items_in("de"))[0].name for _ in range(4000))

    def test_in_proportion_to_size(self) -> None:
        counts = self.pick("size")
        self.assertEqual(set(counts), {"a", "b"})
        self.assertAlmostEqual(counts["a"] / 4000, 0.25, delta=0.03)

    def test_uniformly(self) -> None:
        self.assertAlmostEqual(self.pick("equal")["a"] / 4000, 0.5, delta=0.03)

    def test_the_size_is_that_of_the_dataset_not_of_the_eligible_items(self) -> None:
        pool = make_pool(parallel("a", 300, "en") + parallel("a", 100, "de") + parallel("b", 100, "en", "de"))
        rng = random.Random(1)
        counts = Counter(pool.pick(10, rng, lambda d: d.items_in("de"))[0].name for _ in range(4000))
        self.assertAlmostEqual(counts["a"] / 4000, 0.75, delta=0.03)

    def test_too_few(self) -> None:
        pool = make_pool(parallel("a", 20, "en") + parallel("b", 30, "en"))
        rng = random.Random(1)
        with self.assertRaises(ParamError) as caught:
            pool.pick(40, rng, lambda d: d.items_in("en"), "in en")
        self.assertEqual(caught.exception.param, "batch_size")
        self.assertEqual(caught.exception.message, "40, but the largest dataset has 30 items in en")
        with self.assertRaisesRegex(InputError, "no dataset has items in two languages. Give translated pairs too"):
            pool.pick(10, rng, lambda d: d.multilingual, "in two languages")


class BigPoolTest(unittest.TestCase):
    @unittest.skipUnless(os.path.exists("/proc/self/status"), "needs Linux to measure memory")
    def test_a_million_pairs_take_little_memory(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "pool")
            big_pool(path, 500_000)
            self.assertGreater(path.stat().st_size, 300 << 20)
            before = private_memory()
            pool = Pool(path)
            self.assertEqual(len(pool), 1_000_000)
            rng = random.Random(1)
            for number in range(300):
                for method in (x_x_mono, x_y):
                    for row in method(pool, Step(number, 300, 64), rng).rows:
                        pool.text(row.item, row.query)
            self.assertLess(private_memory() - before, 4 << 20)


if __name__ == "__main__":
    unittest.main()
