"""Reads cases as JSON, writes what SciPy and NumPy make of them."""

import json
import sys
import time

import numpy
import scipy.stats


def paired(d, samples):
    test = scipy.stats.ttest_1samp(d, 0)
    interval = test.confidence_interval(0.9)
    flips = scipy.stats.permutation_test(
        (d, numpy.zeros(len(d))), lambda x, y, axis: numpy.mean(x - y, axis=axis),
        permutation_type="samples", vectorized=True, n_resamples=samples, batch=500, random_state=1)
    means = scipy.stats.bootstrap(
        (d,), numpy.mean, method="percentile", confidence_level=0.9, n_resamples=samples, batch=500,
        vectorized=True, random_state=1).confidence_interval
    return {"T": [test.pvalue, interval.low, interval.high], "Flips": flips.pvalue, "Boot": list(means)}


def welch(a, b):
    # SciPy 1.10 has no interval here: Satterthwaite's formula gives it.
    va, vb = numpy.var(a, ddof=1) / len(a), numpy.var(b, ddof=1) / len(b)
    df = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    half = scipy.stats.t.ppf(0.95, df) * numpy.sqrt(va + vb)
    mean = numpy.mean(b) - numpy.mean(a)
    return [scipy.stats.ttest_ind(b, a, equal_var=False).pvalue, mean - half, mean + half]


def bootstrap_seconds(d, samples):
    rng = numpy.random.default_rng(1)
    d, started = numpy.array(d), time.perf_counter()
    means = [d[rng.integers(0, len(d), (100, len(d)), dtype=numpy.int32)].mean(axis=1) for _ in range(samples // 100)]
    numpy.percentile(numpy.concatenate(means), [2.5, 97.5])
    return time.perf_counter() - started


case = json.load(sys.stdin)
answer = {
    "Paired": [paired(numpy.array(d), case["Samples"]) for d in case.get("Paired") or []],
    "Welch": [welch(*pair) for pair in case.get("Welch") or []],
}
if case.get("Time"):
    answer["Seconds"] = bootstrap_seconds(case["Time"], case["Samples"])
json.dump(answer, sys.stdout)
