#!/usr/bin/env python3
"""Kinds and samplers that do what plugins do: well, slowly, wrongly."""

import multiprocessing
import os
import subprocess
import sys
import time

from repro_plugin import (
    LIST,
    MAP,
    OPTIONAL,
    REQUIRED,
    Batch,
    InputError,
    Kind,
    Param,
    Port,
    Sampler,
    serve,
    x_x_mono,
    x_y,
)


class Join(Kind):
    """All texts in capitals, one after another."""

    name = "odd-join"
    version = "1"
    params = [
        Param("separator", "string", default="\n", doc="What is between two texts."),
        Param("extra", "map(number)", default=REQUIRED, doc="Not used."),
    ]
    inputs = [
        Port("texts", "UTF-8 text", arity=LIST),
        Port("head", "UTF-8 text", arity=OPTIONAL),
        Port("named", "UTF-8 text", arity=MAP),
    ]
    outputs = [Port("joined", "UTF-8 text"), Port("parts", "a file for each text", dir=True)]

    def __init__(self, params):
        self.separator = params["separator"]

    def run(self, job):
        head = job.input("head", None)
        texts = [path.read_text() for path in job.inputs("texts")]
        texts += [f"{name}={path.read_text()}" for name, path in job.named_inputs("named").items()]
        job.output("parts").mkdir()
        for number, text in enumerate(texts):
            (job.output("parts") / f"{number}.txt").write_text(text)
            job.progress(number + 1, len(texts), "texts")
        job.output("joined").write_text((head.read_text() if head else "") + self.separator.join(texts).upper())


class Deed(Kind):
    """Does what it is told."""

    name = "odd-deed"
    version = "1"
    determinism = "unknown"
    params = [Param("deed", "string", doc="The name of a method.")]
    outputs = [Port("out", "anything")]

    def __init__(self, params):
        self.deed = params["deed"]
        if self.deed == "bad constructor":
            raise RuntimeError("no such deed")

    def run(self, job):
        getattr(self, self.deed)(job)

    def silence(self, job):
        time.sleep(4.5)
        job.output("out").touch()

    def endless(self, job):
        try:
            while True:
                try:
                    job.progress(1)
                except Exception:
                    job.log("not reached")
                time.sleep(0.01)
        finally:
            (job.dir / "ended").touch()

    def racing(self, job):
        for n in range(100_000):
            job.progress(n + 1, 100_000, "pairs")
        job.output("out").touch()

    def crash(self, job):
        return {}["missing"]

    def bad_input(self, job):
        raise InputError("lexicon.tsv:3: no tab", "Separate words by a tab")

    def leave(self, job):
        sys.exit("had enough")

    def nothing(self, job):
        pass

    def children(self, job):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            squares = pool.map(_square, range(10))
        subprocess.run(["echo", "from a child"], check=True)
        job.output("out").write_text(str(sum(squares)))

    def where(self, job):
        job.output("out").write_text(f"{os.getcwd()}\n{job.dir}\n{job.threads}\n{job.checkpoint}\n{job.gpus}")

    def resume(self, job):
        """Count attempts in the checkpoint and fail in the first."""
        job.checkpoint.mkdir(exist_ok=True)
        count = job.checkpoint / "count"
        attempt = int(count.read_text()) + 1 if count.exists() else 1
        count.write_text(str(attempt))
        job.note(f"attempt {attempt}")
        job.progress(attempt, 2, "attempts")
        job.set_determinism("stochastic")
        if attempt == 1:
            raise RuntimeError("not yet")
        job.output("out").write_text(str(attempt))

    def promise(self, job):
        job.set_determinism("mostly")


def _square(n):
    return n * n


class Hybrid(Sampler):
    """Each batch is x-x-mono with probability alpha and x-y otherwise."""

    name = "odd-hybrid"
    params = [Param("alpha", "number", default=0.5, doc="Probability of x-x-mono.")]

    def __init__(self, params):
        self.alpha = params["alpha"]

    def batch(self, pool, step, rng):
        return x_x_mono(pool, step, rng) if rng.random() < self.alpha else x_y(pool, step, rng)


class Short(Sampler):
    """Batches that lack a row."""

    name = "odd-short"

    def batch(self, pool, step, rng):
        return Batch("odd-short", x_y(pool, step, rng).rows[1:])


if __name__ == "__main__":
    serve(Join, Deed, Hybrid, Short)
