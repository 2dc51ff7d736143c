#!/usr/bin/env python3
"""Print what a pool of a million pairs costs: python3 bench_pool.py"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support import big_pool, private_memory

from repro_plugin import Pool, Step, x_x, x_x_mono, x_y
from repro_plugin.draws import encode, rng_of


def measure(what: str, times: int, work: Callable[[], Any]) -> Any:
    """Print the mean time of the work and return its last result."""
    before, start, result = private_memory(), time.perf_counter(), None
    for _ in range(times):
        result = work()
    took = (time.perf_counter() - start) / times
    print(f"{what:40} {took * 1e6:10.1f} µs {(private_memory() - before) / 1024:8.0f} KiB more memory")
    return result


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pool")
        big_pool(path, 500_000)
        print(f"a pool of 1 000 000 pairs, {path.stat().st_size >> 20} MiB")
        pool = measure("open", 1, lambda: Pool(path))
        measure("open again", 100, lambda: Pool(path))
        rng = random.Random(1)
        items = pool.datasets[0].multilingual
        measure("sample 64 of 500 000", 1000, lambda: rng.sample(items, 64))
        measure("seed", 1000, lambda: rng_of(1, 2))
        for method in (x_x, x_x_mono, x_y):
            batch = measure(f"{method.__name__}, 64 rows", 1000, lambda m=method: m(pool, Step(0, 1, 64), rng))
        measure("encode 64 rows", 1000, lambda: encode(batch))
        measure("text", 10_000, lambda: pool.text(rng.randrange(500_000), "en"))


if __name__ == "__main__":
    main()
