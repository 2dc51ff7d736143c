"""Plugins as the engine starts them: real processes that speak gRPC."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support import COOKIE, TESTS, environment, gone, parallel, program

import grpc

from repro_plugin.testing import save_pool
from repro_plugin.v1 import plugin_pb2 as pb

SERVICE = "/repro.plugin.v1.Plugin/"


class Client:
    """A process of a plugin and a channel to it."""

    def __init__(self, name: str, folder: Path, **extra: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(TESTS / "plugins" / name)],
            env=environment(**COOKIE, **extra),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout and self.process.stderr
        self.handshake = self.process.stdout.readline().decode().strip()
        self.channel = grpc.insecure_channel("unix:" + self.handshake.split("|")[3])

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def describe(self) -> Any:
        call = self.channel.unary_unary(
            SERVICE + "Describe", pb.DescribeRequest.SerializeToString, pb.Description.FromString
        )
        return call(pb.DescribeRequest(), timeout=10)

    def check(self, **request: str) -> Any:
        call = self.channel.unary_unary(
            SERVICE + "Check", pb.CheckRequest.SerializeToString, pb.CheckResponse.FromString
        )
        return call(pb.CheckRequest(**request), timeout=10).refusal

    def run(self, request: pb.RunRequest) -> Any:
        call = self.channel.unary_stream(SERVICE + "Run", pb.RunRequest.SerializeToString, pb.Event.FromString)
        return call(request, timeout=30)

    def raw(self, method: str, request: bytes = b"") -> bytes:
        return self.channel.unary_unary(method)(request, timeout=10)

    def shutdown(self) -> tuple[int, str]:
        """End the plugin as go-plugin does. Return its exit status and what it wrote to stderr."""
        assert self.raw("/plugin.GRPCController/Shutdown") == b""
        out, log = self.process.communicate(timeout=10)
        assert out == b"", out
        return self.process.returncode, log.decode()


class ServerTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def client(self, name: str = "odd.py", **extra: str) -> Client:
        client = Client(name, self.folder, **extra)
        self.addCleanup(client.__exit__)
        return client

    def deed(self, deed: str) -> pb.RunRequest:
        out = str(self.folder / f"out-{deed}")
        return pb.RunRequest(
            work=pb.Work(kind="odd-deed", outputs={"out": out}), params=json.dumps({"deed": deed}), dir=str(self.folder)
        )

    def test_a_sampler(self) -> None:
        sockets = self.folder / "sockets"
        sockets.mkdir()
        client = self.client("temperature.py", PLUGIN_UNIX_SOCKET_DIR=str(sockets))
        core, version, network, path, protocol = client.handshake.split("|")
        self.assertEqual((core, version, network, protocol), ("1", "1", "unix", "grpc"))
        self.assertEqual(Path(path).parent, sockets)

        self.assertEqual(client.raw("/grpc.health.v1.Health/Check", b"\n\x06plugin"), b"\x08\x01")
        self.assertEqual([each.name for each in client.describe().samplers], ["temperature"])
        self.assertEqual(client.check(sampler="temperature", params='{"t": 5}'), pb.Failure())
        self.assertEqual(
            client.check(sampler="temperature", params='{"t": -1}'),
            pb.Failure(message="-1 is not positive", param="t", hint="Give a number above 0"),
        )
        self.assertEqual(client.check(sampler="temperature", params="{}").param, "t")
        self.assertIn("no sampler 'other' in this plugin", client.check(sampler="other", params="{}").message)

        save_pool(self.folder / "pool", parallel("a", 30, "en", "de"))
        request = pb.RunRequest(params='{"t": 5}', dir=str(self.folder))
        request.draw.MergeFrom(pb.Draw(sampler="temperature", steps=50, batch_size=8, seed=3))
        request.draw.pool, request.draw.draws = str(self.folder / "pool"), str(self.folder / "draws")
        events = list(client.run(request))
        self.assertEqual(events[-1].progress, pb.Progress(done=50, total=50, unit="steps"))
        lines = (self.folder / "draws").read_bytes().splitlines()
        self.assertEqual([len(json.loads(line)["items"]) for line in lines], [8] * 50)

        by_hand = self.folder / "request.json"
        request.draw.draws += "-by-hand"
        from google.protobuf import json_format

        by_hand.write_text(json_format.MessageToJson(request))
        self.assertEqual(program("temperature.py", "run", str(by_hand)).returncode, 0)
        self.assertEqual((self.folder / "draws-by-hand").read_bytes().splitlines(), lines)

        status, log = client.shutdown()
        self.assertEqual(status, 0)
        self.assertRegex(log, r"^weights \[.*\]\nprinted\n$")

    def test_a_kind(self) -> None:
        client = self.client()
        kind = client.describe().kinds[0]
        self.assertEqual(
            [(p.name, p.HasField("default"), p.default) for p in kind.params][0], ("separator", True, '"\\n"')
        )
        self.assertFalse(kind.params[1].HasField("default"))
        self.assertEqual([port.arity for port in kind.inputs], [pb.LIST, pb.OPTIONAL, pb.MAP])
        self.assertEqual([port.dir for port in kind.outputs], [False, True])
        request = pb.RunRequest(params='{"separator": "+", "extra": {"a": 1}}', dir=str(self.folder))
        for port, name, text in (("texts", "", "b"), ("texts", "", "ä"), ("named", "n", "c")):
            path = self.folder / f"in{len(request.inputs)}"
            path.write_text(text)
            request.inputs.add(port=port, name=name, path=str(path))
        request.work.kind = "odd-join"
        request.work.outputs.update(joined=str(self.folder / "joined"), parts=str(self.folder / "parts"))
        self.assertEqual([event for event in client.run(request) if event.HasField("failure")], [])
        self.assertEqual((self.folder / "joined").read_text(), "B+Ä+N=C")
        self.assertEqual((self.folder / "parts" / "1.txt").read_text(), "ä")

    def test_failures(self) -> None:
        client = self.client()
        for deed, want in {
            "crash": pb.Failure(message="KeyError: 'missing'"),
            "bad_input": pb.Failure(message="lexicon.tsv:3: no tab", hint="Separate words by a tab", input=True),
            "leave": pb.Failure(message="SystemExit: had enough"),
            "nothing": pb.Failure(message="Deed.run wrote nothing to its output out"),
            "no such deed": pb.Failure(message="AttributeError: 'Deed' object has no attribute 'no such deed'"),
            "bad constructor": pb.Failure(message="RuntimeError: no such deed"),
            "promise": pb.Failure(
                message="ValueError: 'mostly' is not one of deterministic, tolerant, stochastic, unknown"
            ),
        }.items():
            with self.subTest(deed):
                events = list(client.run(self.deed(deed)))
                self.assertEqual(events[-1].failure, want)
        self.assertEqual(
            client.check(kind="odd-deed", params='{"deed": "bad constructor"}').message, "RuntimeError: no such deed"
        )
        save_pool(self.folder / "pool", parallel("a", 30, "en", "de"))
        for sampler, words in {
            "odd-short": "Short.batch returned 7 rows, not step.size, 8 (step 0)",
            "none": "no sampler",
        }.items():
            request = pb.RunRequest(params="{}", dir=str(self.folder))
            request.draw.MergeFrom(pb.Draw(sampler=sampler, steps=5, batch_size=8, pool=str(self.folder / "pool")))
            request.draw.draws = str(self.folder / "draws")
            self.assertIn(words, list(client.run(request))[-1].failure.message)
        self.assertIn("no kind ''", next(client.run(pb.RunRequest())).failure.message)
        log = client.shutdown()[1]
        self.assertEqual(log.count("Traceback"), 6, log)  # of what the author did not foresee

    def test_a_checkpoint_outlives_attempts(self) -> None:
        request = self.deed("resume")
        request.work.checkpoint = str(self.folder / "kept")
        for attempt in (1, 2):
            with self.client() as client:
                events = list(client.run(request))
            self.assertEqual(
                [event.progress for event in events if event.HasField("progress")][-1],
                pb.Progress(done=attempt, total=2, unit="attempts", note=f"attempt {attempt}"),
            )
            self.assertIn(pb.Event(determinism="stochastic"), events)
            self.assertEqual(events[-1].failure.message, "RuntimeError: not yet" if attempt == 1 else "")
        self.assertEqual((self.folder / "out-resume").read_text(), "2")

    def test_silence_is_filled_with_heartbeats(self) -> None:
        start = time.monotonic()
        events = list(self.client().run(self.deed("silence")))
        self.assertEqual([event.WhichOneof("event") for event in events], ["heartbeat"] * 2)
        self.assertLess(time.monotonic() - start, 6)

    def test_progress_is_sent_now_and_then(self) -> None:
        start = time.monotonic()
        events = list(self.client().run(self.deed("racing")))
        took = time.monotonic() - start
        self.assertEqual(events[-1].progress.done, 100_000)
        self.assertLessEqual(len(events), 10 * took + 2)

    def test_cancel(self) -> None:
        client = self.client()
        call = client.run(self.deed("endless"))
        next(call)
        call.cancel()
        end = time.monotonic() + 1
        while not (self.folder / "ended").exists():
            self.assertLess(time.monotonic(), end, "the work goes on")
            time.sleep(0.01)
        self.assertEqual(len(client.describe().kinds), 2)

    def test_shutdown_does_not_wait_for_work(self) -> None:
        client = self.client()
        for deed in ("silence", "endless"):
            call = client.run(self.deed(deed))
            next(call, None) if deed == "endless" else None
        start = time.monotonic()
        status, _ = client.shutdown()
        self.assertEqual(status, 0)
        self.assertLess(time.monotonic() - start, 1.9)  # go-plugin's patience is 2 s

    def test_child_processes(self) -> None:
        client = self.client()
        events = list(client.run(self.deed("children")))
        self.assertEqual([event.failure for event in events if event.HasField("failure")], [])
        self.assertEqual((self.folder / "out-children").read_text(), "285")
        self.assertIn("from a child\n", client.shutdown()[1])

    def test_another_protocol(self) -> None:
        done = program("temperature.py", REPRO_PLUGIN=COOKIE["REPRO_PLUGIN"], PLUGIN_PROTOCOL_VERSIONS="2,3")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("this plugin speaks version 1 of the protocol, repro only 2, 3", done.stderr)

    def test_a_socket_that_cannot_be(self) -> None:
        for folder in ("/nowhere", "/tmp/" + 100 * "x"):
            done = program("temperature.py", **COOKIE, PLUGIN_UNIX_SOCKET_DIR=folder)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"temperature.py: cannot listen at {folder}/plugin-", done.stderr)


class OrphanTest(unittest.TestCase):
    def test_a_plugin_ends_with_its_parent(self) -> None:
        """A process starts the plugin and dies of SIGKILL; the plugin and a child of its own do not outlive it."""
        with tempfile.TemporaryDirectory() as folder, self.parent(folder) as pids:
            os.kill(pids.pop("parent"), signal.SIGKILL)
            for name, pid in pids.items():
                self.assertTrue(gone(pid, 4), f"the {name} lives on")
            self.assertEqual(list(Path(folder).glob("repro-plugin-*")), [])

    @contextlib.contextmanager
    def parent(self, folder: str) -> Iterator[dict[str, int]]:
        plugin = Path(folder, "mine.py")
        plugin.write_text(
            "import subprocess, sys; sys.path.insert(0, sys.argv.pop())\n"
            "child = subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
            "print(child.pid, file=sys.stderr, flush=True)\n"
            "from temperature import Temperature, serve; serve(Temperature)\n"
        )
        code = (
            "import subprocess, sys, time\n"
            "p = subprocess.Popen([sys.executable] + sys.argv[1:], stdout=subprocess.PIPE, start_new_session=True)\n"
            "p.stdout.readline(); print(p.pid, file=sys.stderr, flush=True); time.sleep(60)\n"
        )
        parent = subprocess.Popen(
            [sys.executable, "-c", code, str(plugin), str(TESTS / "plugins")],
            env=environment(**COOKIE, TMPDIR=folder),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert parent.stderr
        pids = {name: int(parent.stderr.readline()) for name in ("child", "plugin")}
        try:
            yield {"parent": parent.pid, **pids}
        finally:
            for pid in (parent.pid, *pids.values()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            parent.communicate()


if __name__ == "__main__":
    unittest.main()
