"""From the thread that does the work to the stream of events that the engine reads."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Iterator, Optional

from .errors import Cancelled
from .v1 import plugin_pb2 as pb

HEARTBEAT = 2.0  # seconds of silence before a heartbeat
PROGRESS = 0.1  # seconds between two events of progress
CHUNK = 64 << 10  # bytes of log in one event
BACKLOG = 1 << 20  # bytes of log after which the work waits for the engine to read
LINE = 16_000  # characters after which a line is broken, so that it fits a chunk in UTF-8


class Events:
    """What a run says, as an iterable of messages: a Reporter for the working thread, read by another.

    Log lines are sent in chunks and wait for the reader if there are too many. Of progress only the latest is sent,
    at most every PROGRESS seconds. If nothing else is to be said a heartbeat is.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._lines: deque[bytes] = deque()
        self._backlog = 0
        self._progress: Optional[pb.Progress] = None
        self._failure: Optional[pb.Failure] = None
        self._ended = False
        self._cancelled = False

    def log(self, text: str) -> None:
        """Add whole lines to the log, waiting for room."""
        lines = list(_lines(text))
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or self._backlog < BACKLOG)
            self._check()
            self._lines.extend(lines)
            self._backlog += sum(map(len, lines))
            self._changed.notify_all()

    def progress(self, done: int, total: int, unit: str) -> None:
        """Say how far the work is."""
        with self._changed:
            self._check()
            if self._progress is None:  # else the reader is waiting already until it may send it
                self._changed.notify_all()
            self._progress = pb.Progress(done=int(done), total=int(total), unit=unit)

    def end(self, failure: Optional[pb.Failure]) -> None:
        """End the stream after what has been said."""
        with self._changed:
            self._failure, self._ended = failure, True
            self._changed.notify_all()

    def cancel(self) -> None:
        """End the stream at once, and the work the next time that it says something."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[pb.Event]:
        spoke = time.monotonic()
        progressed = spoke - PROGRESS
        while True:
            with self._changed:
                event, now = None, time.monotonic()
                while event is None:
                    if self._cancelled:
                        return
                    if self._lines:
                        event = pb.Event(log=self._chunk())
                    elif self._progress and (self._ended or now >= progressed + PROGRESS):
                        event, self._progress, progressed = pb.Event(progress=self._progress), None, now
                    elif self._ended:
                        break
                    elif now >= spoke + HEARTBEAT:
                        event = pb.Event(heartbeat=pb.Heartbeat())
                    else:
                        self._changed.wait((progressed + PROGRESS if self._progress else spoke + HEARTBEAT) - now)
                        now = time.monotonic()
            if event is None:
                break
            spoke = now
            yield event
        if self._failure:
            yield pb.Event(failure=self._failure)

    def _chunk(self) -> bytes:
        chunk = bytearray()
        while self._lines and len(chunk) + len(self._lines[0]) <= CHUNK:
            chunk += self._lines.popleft()
        self._backlog -= len(chunk)
        self._changed.notify_all()
        return bytes(chunk)

    def _check(self) -> None:
        if self._cancelled:
            raise Cancelled


def _lines(text: str) -> Iterator[bytes]:
    for line in text.removesuffix("\n").split("\n"):
        for start in range(0, max(1, len(line)), LINE):
            yield line[start : start + LINE].encode("utf-8", "backslashreplace") + b"\n"
