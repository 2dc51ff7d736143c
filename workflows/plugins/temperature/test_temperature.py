"""Tests of the sampler temperature; PYTHONPATH must have the SDK."""

import json
import unittest
from collections import Counter
from pathlib import Path

from repro_plugin import ParamError
from repro_plugin.testing import Pair, draw, make_pool

from temperature import Temperature

FACTS = Path(__file__).parent.parent.parent / "data" / "facts" / "train"


def pool_of(sizes, dataset="d"):
    """Return a pool whose languages have so many items each."""
    return make_pool(
        Pair(dataset, f"{n:04}", lang, f"question {n}", f"passage {n} in {lang}")
        for lang, size in sizes.items()
        for n in range(size)
    )


def shares(pool, t, steps=3000):
    batches = draw(Temperature, pool, {"t": t}, steps=steps, batch_size=4, seed=1)
    counts = Counter(batch.rows[0].query for batch in batches)
    return {lang: counts[lang] / steps for lang in pool.langs}


class TestTemperature(unittest.TestCase):
    def test_a_language_that_fills_no_batch_is_left_out(self):
        self.assertEqual(shares(pool_of({"en": 60, "sw": 3}), 5, steps=50), {"en": 1, "sw": 0})

    def test_languages_come_as_often_as_the_formula_says(self):
        sizes = {"de": 100, "en": 1000, "sw": 10}
        pool = pool_of(sizes)
        for t in (0.5, 1, 2, 5, 100):
            total = sum(size ** (1 / t) for size in sizes.values())
            for lang, share in shares(pool, t).items():
                self.assertAlmostEqual(share, sizes[lang] ** (1 / t) / total, delta=0.04, msg=f"{lang} at t = {t}")

    def test_sizes_count_all_datasets(self):
        pool = make_pool(
            Pair(dataset, f"{n:03}", lang, f"question {n}", f"passage {n}")
            for dataset, lang, size in (("a", "en", 60), ("b", "en", 30), ("b", "de", 30))
            for n in range(size)
        )
        self.assertAlmostEqual(shares(pool, 1)["en"], 90 / 120, delta=0.04)

    def test_very_small_temperatures_leave_the_largest_language(self):
        self.assertEqual(shares(pool_of({"de": 10, "en": 999}), 0.001, steps=50), {"de": 0, "en": 1})

    @unittest.skipUnless(FACTS.exists(), "the bundled corpus is not beside this copy of the plugin")
    def test_batches_are_in_one_language_and_have_no_item_twice(self):
        pool = make_pool(
            {"dataset": "facts", "id": fact["id"], "lang": lang, "query": fact["question"], "passage": fact["passage"]}
            for lang in ("de", "en", "sw")
            for fact in map(json.loads, (FACTS / f"{lang}.jsonl").read_text(encoding="utf-8").splitlines())
        )
        for batch in draw(Temperature, pool, steps=100, batch_size=50):
            [lang] = {lang for row in batch.rows for lang in (row.query, row.passage)}
            self.assertIn(lang, ("de", "en", "sw"))
            self.assertEqual(len({row.item for row in batch.rows}), 50)

    def test_seeds_decide_all(self):
        pool = pool_of({"de": 50, "en": 90})
        first, again, other = (draw(Temperature, pool, steps=5, batch_size=9, seed=seed) for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_bad_temperatures_are_refused(self):
        for t in (0, -1):
            with self.assertRaises(ParamError) as caught:
                draw(Temperature, pool_of({"en": 9}), {"t": t})
            self.assertEqual(caught.exception.param, "t")

    def test_languages_that_all_fill_no_batch_are_an_error(self):
        pool = pool_of({"en": 9, "sw": 9})
        with self.assertRaisesRegex(ParamError, "batch_size: 20, but the largest dataset has 9 items in"):
            draw(Temperature, pool, steps=20, batch_size=20)



if __name__ == "__main__":
    unittest.main()
