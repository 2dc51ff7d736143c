"""What samplers draw."""

from __future__ import annotations

import random
import unittest
from collections import Counter


from collections.abc import Sequence
from support import parallel

from repro_plugin import Batch, Param, ParamError, PluginError, Port, Row, Sampler, Step, x_x, x_x_mono, x_y
from repro_plugin.draws import Encoder, rng_of
from repro_plugin.testing import draw, make_pool


def batches(method, pool, size: int, steps: int) -> list[Batch]:  # type: ignore[no-untyped-def]
    return [method(pool, Step(n, steps, size), rng_of(11, n)) for n in range(steps)]


class MethodsTest(unittest.TestCase):
    def assert_uniform(self, counts: Counter[str], classes: int) -> None:
        """The chi-squared statistic stays below its 99.99 % quantile, taken as normal."""
        self.assertEqual(len(counts), classes)
        mean = sum(counts.values()) / classes
        statistic = sum((count - mean) ** 2 / mean for count in counts.values())
        freedom = classes - 1
        self.assertLess(statistic, freedom + 4.5 * (2 * freedom) ** 0.5 + 3, counts)

    def test_no_batch_has_an_item_twice(self) -> None:
        pool = make_pool(parallel("a", 40, "en", "de", "fr") + parallel("b", 35, "en", "de", "fr"))
        for method in (x_x, x_x_mono, x_y):
            for batch in batches(method, pool, 30, 100):
                self.assertEqual(len({row.item for row in batch.rows}), 30)
                self.assertEqual(len({pool.dataset_of(row.item).name for row in batch.rows}), 1)

    def test_x_x_mono_has_one_language_a_batch_drawn_uniformly(self) -> None:
        pool = make_pool(parallel("big", 500, "en") + parallel("small", 20, "en", "de", "fr", "zh"))
        counts: Counter[str] = Counter()
        for batch in batches(x_x_mono, pool, 10, 2000):
            self.assertEqual(len({lang for row in batch.rows for lang in (row.query, row.passage)}), 1)
            counts[batch.rows[0].query] += 1
        self.assert_uniform(counts, 4)

    def test_x_x_draws_the_language_of_each_row(self) -> None:
        pool = make_pool(parallel("a", 50, "en", "de", "fr"))
        rows = [row for batch in batches(x_x, pool, 30, 200) for row in batch.rows]
        self.assertTrue(all(row.query == row.passage for row in rows))
        self.assert_uniform(Counter(row.query for row in rows), 3)

    def test_x_y_draws_ordered_pairs_of_different_languages_uniformly(self) -> None:
        pool = make_pool(parallel("a", 50, "en", "de", "fr", "zh") + parallel("english", 900, "en"))
        rows = [row for batch in batches(x_y, pool, 40, 300) for row in batch.rows]
        self.assertTrue(all(row.query != row.passage for row in rows))
        self.assert_uniform(Counter(f"{row.query}-{row.passage}" for row in rows), 12)
        self.assert_uniform(Counter(pool.id(row.item) for row in rows), 50)

    def test_x_y_uses_the_languages_that_an_item_has(self) -> None:
        pool = make_pool(parallel("a", 20, "en", "de") + parallel("b", 20, "fr", "zh", "en"))
        for batch in batches(x_y, pool, 5, 100):
            for row in batch.rows:
                self.assertLessEqual({row.query, row.passage}, set(pool.langs_of(row.item)))

    def test_datasets_come_in_proportion_to_their_size(self) -> None:
        pool = make_pool(
            parallel("a", 100, "en", "de") + parallel("b", 300, "en", "de") + parallel("tiny", 9, "en", "de")
        )
        for method in (x_x, x_x_mono, x_y):
            drawn = batches(method, pool, 10, 2000)
            counts = Counter(pool.dataset_of(batch.rows[0].item).name for batch in drawn)
            self.assertEqual(counts["tiny"], 0)
            self.assertAlmostEqual(counts["a"] / 2000, 0.25, delta=0.04)

    def test_batches_that_cannot_be_drawn_say_why(self) -> None:
        small = make_pool(parallel("a", 20, "en", "de") + parallel("b", 30, "en", "de"))
        for method, words in ((x_x, "30 items"), (x_x_mono, "30 items in "), (x_y, "30 items in two languages")):
            with self.assertRaisesRegex(ParamError, f"batch_size: 40, but the largest dataset has {words}"):
                method(small, Step(0, 1, 40), random.Random(0))


class Half(Sampler):
    """x-y or x-x-mono."""

    name = "half"
    params = [Param("alpha", "number", default=0.5)]
    inputs = [Port("list", "lines")]

    def __init__(self, params):  # type: ignore[no-untyped-def]
        self.alpha = params["alpha"]

    def batch(self, pool, step, rng):  # type: ignore[no-untyped-def]
        return (x_x_mono if rng.random() < self.alpha else x_y)(pool, step, rng)


class Returns(Sampler):
    """Returns what it was given."""

    name = "returns"
    value: object = None

    def batch(self, pool, step, rng):  # type: ignore[no-untyped-def]
        return self.value


class DrawTest(unittest.TestCase):
    def setUp(self) -> None:
        self.pool = make_pool(parallel("a", 50, "en", "de", "fr"))

    def test_the_seed_decides(self) -> None:
        one = draw(Half, self.pool, steps=20, batch_size=8, seed=1)
        self.assertEqual(one, draw(Half, self.pool, steps=20, batch_size=8, seed=1))
        self.assertNotEqual(one, draw(Half, self.pool, steps=20, batch_size=8, seed=2))
        self.assertEqual({batch.draw for batch in one}, {"x-y", "x-x-mono"})

    def test_a_batch_does_not_depend_on_those_before_it(self) -> None:
        self.assertEqual(draw(Half, self.pool, steps=3, seed=7), draw(Half, self.pool, steps=9, seed=7)[:3])

    def test_chance_never_changes(self) -> None:
        self.assertEqual(
            [rng_of(0, 0).random(), rng_of(2**64 - 1, 5).random()], [0.5886700559411794, 0.8204175156172168]
        )

    def test_parameters(self) -> None:
        self.assertEqual({batch.draw for batch in draw(Half, self.pool, {"alpha": 1}, steps=20)}, {"x-x-mono"})
        with self.assertRaisesRegex(ParamError, "alfa: not a parameter of half. Its parameters are alpha"):
            draw(Half, self.pool, {"alfa": 1})

    def test_inputs(self) -> None:
        class Reads(Half):
            def prepare(self, pool, job):  # type: ignore[no-untyped-def]
                seen.append((job.input("list"), job.inputs("list"), job.dir.is_dir()))
                job.input("other")

        seen: list[object] = []
        with self.assertRaisesRegex(LookupError, "there is no input port 'other'; declared are: list"):
            draw(Reads, self.pool, inputs={"list": __file__})
        self.assertEqual([str(value[0]) for value in seen], [__file__])  # type: ignore[index]
        with self.assertRaisesRegex(LookupError, "nothing was given at the port list"):
            draw(Reads, self.pool)

    def test_what_is_no_batch(self) -> None:
        row = Row(0, "en", "de")
        values: Sequence[tuple[object, str]] = [
            (None, r"Returns.batch returned None, not a Batch \(step 0\)"),
            ([row, row], "a list, not a Batch"),
            (Batch("x", iter([row, row])), "a Batch of a str and a list_iterator"),  # type: ignore[arg-type]
            (Batch("x", [row]), "1 rows, not step.size, 2"),
            (Batch("x", [row, (1, "de", "en")]), "a tuple among its rows, not a Row"),  # type: ignore[list-item]
        ]
        for value, words in values:
            Returns.value = value
            with self.subTest(words), self.assertRaisesRegex(PluginError, words):
                draw(Returns, self.pool)

    def test_encode(self) -> None:
        rows = [Row(17, "de", "en"), Row(4, "es", "zh", passage_text="回", negatives=[(3, "de")])]
        encoder = Encoder(make_pool(parallel("a", 1, "de", "en", "es", "zh")))
        self.assertEqual(
            encoder.encode(Batch("x-y", rows)).decode(),
            '{"draw":"x-y","items":[17,4],"query":[0,2],"passage":[1,3],'
            '"passage_text":["","回"],"negatives":[[],[[3,0]]]}\n',
        )
        self.assertEqual(
            encoder.encode(Batch("x-y", rows[:1])).decode(),
            '{"draw":"x-y","items":[17],"query":[0],"passage":[1]}\n',
        )
        texts = [rows[0]._replace(negative_texts=("nein", "回")), rows[0]]
        self.assertIn(',"negative_texts":[["nein","回"],[]]}', encoder.encode(Batch("x-y", texts)).decode())
        with self.assertRaisesRegex(PluginError, "the pool has no language 'fr'; it has de, en, es, zh"):
            encoder.encode(Batch("x-y", [Row(0, "fr", "en")]))


if __name__ == "__main__":
    unittest.main()
