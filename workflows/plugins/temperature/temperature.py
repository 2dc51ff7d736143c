#!/usr/bin/env python3
"""Languages drawn by temperature, as in the training of multilingual models.

A language with n items is drawn with probability n^(1/T) / Σ n'^(1/T): T = 1 is in proportion to size, and the larger T
is, the closer all languages come to being drawn equally often. Arivazhagan et al. (arXiv 1907.05019) train with T = 5;
XLM (arXiv 1901.07291) and mT5 (arXiv 2010.11934) call 1/T their α and choose 0.5 and 0.3.
"""

from repro_plugin import Batch, Param, ParamError, Row, Sampler, serve


class Temperature(Sampler):
    """The whole batch is in one language, drawn in proportion to its number of items to the power of 1/t."""

    name = "temperature"
    params = [Param("t", "number", default=5, doc="Temperature: 1 draws in proportion to size, more is more even.")]

    def __init__(self, params):
        self.t = params["t"]
        if self.t <= 0:
            raise ParamError("t", f"{self.t} is not positive", "Give a number above 0; 1 to 5 are usual")

    def prepare(self, pool, job):
        sizes = [sum(len(dataset.items_in(lang)) for dataset in pool.datasets) for lang in pool.langs]
        largest = max(sizes)  # keeps the power of a large size from overflowing when t is small
        self.weights = [(size / largest) ** (1 / self.t) for size in sizes]
        for lang, weight in zip(pool.langs, self.weights):
            job.log(f"{lang}: {weight / sum(self.weights):.1%} of batches")

    def batch(self, pool, step, rng):
        [lang] = rng.choices(pool.langs, self.weights)
        _, items = pool.pick(step.size, rng, lambda dataset: dataset.items_in(lang), f"in {lang}")
        return Batch("temperature", [Row(item, lang, lang) for item in rng.sample(items, step.size)])


if __name__ == "__main__":
    serve(Temperature)
