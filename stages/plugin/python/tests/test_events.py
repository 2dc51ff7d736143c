"""The stream of events, without gRPC."""

from __future__ import annotations

import threading
import time
import unittest

import support  # noqa: F401

from repro_plugin import Cancelled
from repro_plugin.events import PROGRESS, Events
from repro_plugin.v1 import plugin_pb2 as pb


class EventsTest(unittest.TestCase):
    def test_the_latest_progress_is_said_before_the_end(self) -> None:
        events = Events()
        events.progress(1, 3, "steps")
        events.progress(2, 3, "steps")
        events.end(pb.Failure(message="bad"))
        said = [
            pb.Event(progress=pb.Progress(done=2, total=3, unit="steps")),
            pb.Event(failure=pb.Failure(message="bad")),
        ]
        self.assertEqual(list(events), said)

    def test_progress_waits_for_its_turn(self) -> None:
        events = Events()
        said = iter(events)
        start = time.monotonic()
        for done in (1, 2, 3):
            events.progress(done, 3, "steps")
            self.assertEqual(next(said).progress.done, done)
        self.assertGreater(time.monotonic() - start, 2 * PROGRESS)

    def test_a_note_stays_beside_the_progress(self) -> None:
        events = Events()
        said = iter(events)
        events.note("loss 2")
        self.assertEqual(next(said).progress, pb.Progress(note="loss 2"))
        events.progress(1, 3, "steps")
        self.assertEqual(next(said).progress, pb.Progress(done=1, total=3, unit="steps", note="loss 2"))
        events.note("loss 1")
        self.assertEqual(next(said).progress, pb.Progress(done=1, total=3, unit="steps", note="loss 1"))

    def test_determinism_is_said_at_once_and_before_the_end(self) -> None:
        events = Events()
        said = iter(events)
        events.determinism("tolerant")
        self.assertEqual(next(said), pb.Event(determinism="tolerant"))
        events.determinism("stochastic")
        events.end(None)
        self.assertEqual(list(said), [pb.Event(determinism="stochastic")])

    def test_cancel_ends_both_sides(self) -> None:
        events = Events()
        threading.Timer(0.1, events.cancel).start()
        start = time.monotonic()
        self.assertEqual(list(events), [])
        self.assertLess(time.monotonic() - start, 1)
        for say in (
            events.check,
            lambda: events.progress(1, 2, ""),
            lambda: events.note(""),
            lambda: events.determinism("unknown"),
        ):
            with self.assertRaises(Cancelled):
                say()


if __name__ == "__main__":
    unittest.main()
