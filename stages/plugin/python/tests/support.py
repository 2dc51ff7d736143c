"""What several tests need. Import it first: it makes the package importable."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from array import array
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path.insert(0, str(TESTS.parent))
sys.dont_write_bytecode = True

from repro_plugin import tensors  # noqa: E402
from repro_plugin.testing import Pair  # noqa: E402

COOKIE = {"REPRO_PLUGIN": "5f1d4c4e-repro-plugin", "PLUGIN_PROTOCOL_VERSIONS": "1"}


def parallel(dataset: str, items: int, *langs: str) -> list[Pair]:
    """Return that many items of a dataset in all of the languages."""
    return [
        Pair(dataset, f"{dataset}{n:04}", lang, f"{lang} question {n}", f"{lang} passage {n}")
        for n in range(items)
        for lang in langs
    ]


def environment(**extra: str) -> dict[str, str]:
    """Return an environment in which a plugin runs as a program of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PLUGIN_", "REPRO_"))}
    return {**clean, "PYTHONPATH": str(TESTS.parent), "PYTHONDONTWRITEBYTECODE": "1", **extra}


def program(name: str, *arguments: str, cwd: str | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a plugin to its end, without an engine."""
    return subprocess.run(
        [sys.executable, str(TESTS / "plugins" / name), *arguments],
        env=environment(**extra),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=30,
    )


def gone(pid: int, seconds: float) -> bool:
    """Wait until the process is no more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z":
                time.sleep(0.05)
                continue
        return True
    return False


def big_pool(path: Path, items: int) -> None:
    """Write a pool of that many items in two languages, each text 100 bytes, without a loop over pairs."""
    pairs, part = 2 * items, 100
    number = memoryview(array("I", range(items)))
    tensors.save(
        path,
        {"format": "repro pool 1", "weight": "size", "datasets": '["d"]', "langs": '["de","en"]', "origins": '[""]'},
        {
            "offsets": memoryview(array("Q", range(0, part * (3 * pairs + 1), part))),
            "first": memoryview(array("I", range(0, pairs + 1, 2))),
            "origin": memoryview(array("I", bytes(4 * pairs))),
            "dataset": memoryview(array("H", bytes(2 * pairs))),
            "lang": memoryview(array("H", [0, 1]) * items),
            "text": memoryview(b"x" * (3 * part * pairs)),
            "items.0.0": number,
            "items.0.1": number,
            "multilingual.0": number,
        },
    )


def private_memory() -> int:
    """Return the bytes of memory that are this process's own, what is mapped from files not counted."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("RssAnon:")[1].split()[0])
