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
        self.weights = None  # known once the size of a batch is
        self.log = job.log

    def weigh(self, pool, batch_size):
        """Return each language's weight, by its items in the datasets that can fill a batch; 0 if none can."""
        counts = [[len(dataset.items_in(lang)) for dataset in pool.datasets] for lang in pool.langs]
        sizes = [sum(count for count in of_lang if count >= batch_size) for of_lang in counts]
        largest = max(sizes) or 1  # keeps the power of a large size from overflowing when t is small
        weights = [(size / largest) ** (1 / self.t) if size else 0 for size in sizes]
        for lang, weight in zip(pool.langs, weights):
            self.log(f"{lang}: {weight / (sum(weights) or 1):.1%} of batches")
        return weights if any(weights) else [1] * len(weights)  # then pick says what is wrong

    def batch(self, pool, step, rng):
        if self.weights is None:
            self.weights = self.weigh(pool, step.size)
        [lang] = rng.choices(pool.langs, self.weights)
        _, items = pool.pick(step.size, rng, lambda dataset: dataset.items_in(lang), f"in {lang}")
        return Batch("temperature", [Row(item, lang, lang) for item in rng.sample(items, step.size)])


if __name__ == "__main__":
    serve(Temperature)
