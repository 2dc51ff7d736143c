"""Tests of the sampler curriculum-alpha; PYTHONPATH must have the SDK."""

import unittest

from repro_plugin import ParamError, Step
from repro_plugin.testing import Pair, draw, make_pool

from curriculum_alpha import CurriculumAlpha

POOL = make_pool(
    Pair("d", f"{n:02}", lang, f"question {n}", f"passage {n} in {lang}")
    for n in range(40)
    for lang in ("de", "en", "sw")
)


def alphas(total, **params):
    sampler = CurriculumAlpha({"start": 1, "end": 0, "shape": "linear", **params})
    return [round(sampler.alpha(Step(number, total, 8)), 6) for number in range(total)]


def mono(batches):
    """Return the share of monolingual batches."""
    return sum(batch.draw == "x-x-mono" for batch in batches) / len(batches)


class TestCurriculumAlpha(unittest.TestCase):
    def test_alpha_goes_from_start_to_end(self):
        self.assertEqual(alphas(5), [1, 0.75, 0.5, 0.25, 0])
        self.assertEqual(alphas(5, start=0.2, end=0.6), [0.2, 0.3, 0.4, 0.5, 0.6])
        self.assertEqual(alphas(5, shape="cosine"), [1, 0.853553, 0.5, 0.146447, 0])
        self.assertEqual(alphas(1, start=0.3), [0.3])
        self.assertEqual(alphas(3, start=0.5, end=0.5, shape="cosine"), [0.5, 0.5, 0.5])

    def test_batches_follow_alpha(self):
        for shape in ("linear", "cosine"):
            batches = draw(CurriculumAlpha, POOL, {"shape": shape}, steps=3000, batch_size=4)
            self.assertEqual(batches[0].draw, "x-x-mono")
            self.assertEqual(batches[-1].draw, "x-y")
            thirds = [mono(batches[:1000]), mono(batches[1000:2000]), mono(batches[2000:])]
            want = [5 / 6, 1 / 2, 1 / 6] if shape == "linear" else [0.9135, 0.5, 0.0865]
            for third, share in zip(thirds, want):
                self.assertAlmostEqual(third, share, delta=0.05)

    def test_rows_are_what_the_draw_says(self):
        for batch in draw(CurriculumAlpha, POOL, steps=200, batch_size=8):
            for row in batch.rows:
                self.assertEqual(row.query == row.passage, batch.draw == "x-x-mono")
            if batch.draw == "x-x-mono":
                self.assertEqual(len({row.query for row in batch.rows}), 1)

    def test_an_alpha_that_stays_is_the_hybrid(self):
        batches = draw(CurriculumAlpha, POOL, {"start": 0.3, "end": 0.3}, steps=3000, batch_size=4)
        self.assertAlmostEqual(mono(batches), 0.3, delta=0.04)

    def test_seeds_decide_all(self):
        first, again, other = (draw(CurriculumAlpha, POOL, steps=9, batch_size=8, seed=seed) for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_bad_parameters_are_refused(self):
        for params, name in (
            ({"start": 1.1}, "start"),
            ({"end": -0.1}, "end"),
            ({"shape": "step"}, "shape"),
        ):
            with self.assertRaises(ParamError) as caught:
                draw(CurriculumAlpha, POOL, params)
            self.assertEqual(caught.exception.param, name)


if __name__ == "__main__":
    unittest.main()
