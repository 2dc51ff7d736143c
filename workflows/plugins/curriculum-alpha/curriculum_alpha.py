#!/usr/bin/env python3
"""Hybrid batches whose α is a curriculum.

The hybrid of arXiv 2408.10536 draws a monolingual batch with a fixed probability α and a cross-lingual one otherwise.
Here α goes from ``start`` in the first step to ``end`` in the last, so that the easier task comes first (curriculum
learning: Bengio et al. 2009, ICML), in a straight line or along half a cosine (as learning rates do: arXiv 1608.03983).
"""

import math

from repro_plugin import Param, ParamError, Sampler, serve, x_x_mono, x_y

SHAPES = {
    "linear": lambda done: done,
    "cosine": lambda done: (1 - math.cos(math.pi * done)) / 2,
}


class CurriculumAlpha(Sampler):
    """Each batch is x-x-mono with a probability that moves from start to end over the steps, and x-y otherwise."""

    name = "curriculum-alpha"
    params = [
        Param("start", "number", default=1, doc="Probability of a monolingual batch in the first step, 0 to 1."),
        Param("end", "number", default=0, doc="Probability of a monolingual batch in the last step, 0 to 1."),
        Param("shape", "string", default="linear", doc='How it gets there: "linear" or "cosine" (slow at both ends).'),
    ]

    def __init__(self, params):
        self.start, self.end = params["start"], params["end"]
        for name in ("start", "end"):
            if not 0 <= params[name] <= 1:
                raise ParamError(name, f"{params[name]} is no probability", "Give a number from 0 to 1")
        if params["shape"] not in SHAPES:
            raise ParamError("shape", f"there is no shape {params['shape']!r}", f"There are: {', '.join(SHAPES)}")
        self.shape = SHAPES[params["shape"]]

    def alpha(self, step):
        """Return the probability of a monolingual batch in a step."""
        done = step.number / max(1, step.total - 1)
        return self.start + (self.end - self.start) * self.shape(done)

    def batch(self, pool, step, rng):
        method = x_x_mono if rng.random() < self.alpha(step) else x_y
        return method(pool, step, rng)


if __name__ == "__main__":
    serve(CurriculumAlpha)
