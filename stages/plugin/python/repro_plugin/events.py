"""From the thread that does the work to the stream of events that the engine reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from .errors import Cancelled
from .v1 import plugin_pb2 as pb

HEARTBEAT = 2.0  # seconds of silence before a heartbeat
PROGRESS = 0.1  # seconds between two events of progress


class Events:
    """What a run says, as an iterable of messages: a Reporter for the working thread, read by another.

    Of progress only the latest is sent, at most every PROGRESS seconds. If nothing is to be said a heartbeat is.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._report: dict[str, Any] = {}  # the latest progress
        self._progress: pb.Progress | None = None  # the same if it is not sent yet
        self._determinism = ""  # what is not sent yet
        self._failure: pb.Failure | None = None
        self._ended = False
        self._cancelled = False

    def check(self) -> None:
        """Raise Cancelled if the run is."""
        if self._cancelled:
            raise Cancelled

    def progress(self, done: int, total: int, unit: str) -> None:
        """Say how far the work is."""
        self._say(done=int(done), total=int(total), unit=unit)

    def note(self, text: str) -> None:
        """Put a text beside the progress."""
        self._say(note=text)

    def determinism(self, promise: str) -> None:
        """Say what the run promises of a second one."""
        self.check()
        with self._changed:
            self._determinism = promise
            self._changed.notify()

    def _say(self, **fields: Any) -> None:
        self.check()
        with self._changed:
            if self._progress is None:  # else the reader is waiting already until it may send it
                self._changed.notify()
            self._report.update(fields)
            self._progress = pb.Progress(**self._report)

    def end(self, failure: pb.Failure | None) -> None:
        """End the stream after what has been said."""
        with self._changed:
            self._failure, self._ended = failure, True
            self._changed.notify()

    def cancel(self) -> None:
        """End the stream at once, and the work the next time that it says something."""
        with self._changed:
            self._cancelled = True
            self._changed.notify()

    def __iter__(self) -> Iterator[pb.Event]:
        progress_due, heartbeat_due = 0.0, time.monotonic() + HEARTBEAT
        while True:
            with self._changed:
                while not self._ended and not self._cancelled and not self._determinism:
                    wait = (progress_due if self._progress else heartbeat_due) - time.monotonic()
                    if wait <= 0:
                        break
                    self._changed.wait(wait)
                if self._cancelled:
                    return
                determinism, self._determinism = self._determinism, ""
                progress, self._progress = self._progress, None
                ended = self._ended  # what is said while the rest is on its way comes in the next round
            if determinism:
                yield pb.Event(determinism=determinism)
            if progress is not None:
                yield pb.Event(progress=progress)
                progress_due = time.monotonic() + PROGRESS
            elif ended:
                break
            elif not determinism:
                yield pb.Event(heartbeat=pb.Heartbeat())
            heartbeat_due = time.monotonic() + HEARTBEAT
        if self._failure is not None:
            yield pb.Event(failure=self._failure)
