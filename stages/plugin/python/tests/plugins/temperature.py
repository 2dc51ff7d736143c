#!/usr/bin/env python3
"""The plugin of the package's docstring, with a log line and a print."""

from repro_plugin import Batch, Param, ParamError, Row, Sampler, serve


class Temperature(Sampler):
    """Each batch is in one language, drawn in proportion to its size to the power of 1/T.

    More about it that is not in the summary.
    """

    name = "temperature"
    params = [Param("t", "number", default=5, doc="Temperature T; 1 is proportional, more is flatter.")]

    def __init__(self, params):
        if params["t"] <= 0:
            raise ParamError("t", f"{params['t']} is not positive", "Give a number above 0")
        self.t = params["t"]

    def prepare(self, pool, job):
        sizes = [sum(len(dataset.items_in(lang)) for dataset in pool.datasets) for lang in pool.langs]
        self.weights = [size ** (1 / self.t) for size in sizes]
        job.log(f"weights {self.weights}")
        print("printed")

    def batch(self, pool, step, rng):
        lang = rng.choices(pool.langs, self.weights)[0]
        _, items = pool.pick(step.size, rng, lambda dataset: dataset.items_in(lang), f"in {lang}")
        return Batch("temperature", [Row(item, lang, lang) for item in rng.sample(items, step.size)])


if __name__ == "__main__":
    serve(Temperature)
