"""A run without an engine: how far it is goes to stderr, as its log does."""

from __future__ import annotations

import sys
import time

PROGRESS = 1.0  # seconds between two lines of progress


class Console:
    """A Reporter for people."""

    def __init__(self) -> None:
        self._due = 0.0
        self._note = ""

    def check(self) -> None:
        """Never raise: who wants to end the run presses Ctrl-C."""

    def progress(self, done: int, total: int, unit: str) -> None:
        """Write a line now and then, and when all is done."""
        now = time.monotonic()
        if done == total or now >= self._due:
            self._due = now + PROGRESS
            of = f" of {total}" if total else ""
            print(f"{done}{of} {unit}  {self._note}".strip(), file=sys.stderr)

    def note(self, text: str) -> None:
        """Show it with the next progress."""
        self._note = text

    def determinism(self, promise: str) -> None:
        """Write it."""
        print(f"this run is {promise}", file=sys.stderr)
