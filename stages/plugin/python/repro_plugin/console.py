"""A run without an engine: what it says goes to stderr."""

from __future__ import annotations

import sys
import time

PROGRESS = 1.0  # seconds between two lines of progress


class Console:
    """A Reporter for people."""

    def __init__(self) -> None:
        self._progressed = float("-inf")

    def log(self, text: str) -> None:
        """Write whole lines."""
        print(text.removesuffix("\n"), file=sys.stderr, flush=True)

    def progress(self, done: int, total: int, unit: str) -> None:
        """Write a line now and then, and when all is done."""
        now = time.monotonic()
        if done == total or now >= self._progressed + PROGRESS:
            self._progressed = now
            self.log(f"{done} of {total} {unit}".rstrip() if total else f"{done} {unit}".rstrip())
