'''Plugins of repro in one file each.

A sampler::

    #!/usr/bin/env python3
    """Languages drawn in proportion to size^(1/T)."""

    from repro_plugin import Batch, Param, ParamError, Row, Sampler, serve


    class Temperature(Sampler):
        """Each batch is in one language, drawn in proportion to its size to the power of 1/T (arXiv 1907.05019)."""

        name = "temperature"
        params = [Param("t", "number", default=5, doc="Temperature T; 1 is proportional, more is flatter.")]

        def __init__(self, params):
            if params["t"] <= 0:
                raise ParamError("t", f"{params['t']} is not positive", "Give a number above 0")
            self.t = params["t"]

        def prepare(self, pool, job):
            sizes = [sum(len(dataset.items_in(lang)) for dataset in pool.datasets) for lang in pool.langs]
            self.weights = [size ** (1 / self.t) for size in sizes]

        def batch(self, pool, step, rng):
            lang = rng.choices(pool.langs, self.weights)[0]
            _, items = pool.pick(step.size, rng, lambda dataset: dataset.items_in(lang), f"in {lang}")
            return Batch("temperature", [Row(item, lang, lang) for item in rng.sample(items, step.size)])


    if __name__ == "__main__":
        serve(Temperature)

A whole kind of stage is a class derived from :class:`Kind`. :mod:`repro_plugin.testing` has what unit tests need.
Only :func:`serve` needs the packages grpcio and protobuf.
'''

from .errors import Cancelled, InputError, ParamError, PluginError
from .job import Job
from .kind import Kind
from .main import serve
from .methods import x_x, x_x_mono, x_y
from .pool import Dataset, Pool
from .sampler import Batch, Row, Sampler, Step
from .schema import LIST, MAP, ONE, OPTIONAL, REQUIRED, Param, Port

__all__ = [
    "LIST",
    "MAP",
    "ONE",
    "OPTIONAL",
    "REQUIRED",
    "Batch",
    "Cancelled",
    "Dataset",
    "InputError",
    "Job",
    "Kind",
    "Param",
    "ParamError",
    "PluginError",
    "Pool",
    "Port",
    "Row",
    "Sampler",
    "Step",
    "serve",
    "x_x",
    "x_x_mono",
    "x_y",
]
