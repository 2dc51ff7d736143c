"""Plugins run by hand, as programs of their own."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import TESTS, environment, parallel, program

from repro_plugin.draws import Encoder
from repro_plugin.testing import draw, make_pool, save_pool

PAIRS = parallel("a", 30, "en", "de")


class MainTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    if not hasattr(unittest.TestCase, "enterContext"):  # Python < 3.11

        def enterContext(self, manager):  # type: ignore[no-untyped-def]  # noqa: N802
            self.addCleanup(manager.__exit__, None, None, None)
            return manager.__enter__()

    def run_request(self, plugin: str, request: dict[str, object]) -> subprocess.CompletedProcess[str]:
        path = self.folder / "request.json"
        path.write_text(json.dumps(request))
        return program(plugin, "run", str(path))

    def draw(self, **params: object) -> subprocess.CompletedProcess[str]:
        save_pool(self.folder / "pool", PAIRS)
        order = {"pool": f"{self.folder}/pool", "draws": f"{self.folder}/draws", "steps": 12, "seed": "5"}
        order.update(sampler="temperature", batchSize=4)
        return self.run_request("temperature.py", {"draw": order, "params": json.dumps(params)})

    def test_help(self) -> None:
        done = program("temperature.py")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(
            done.stderr,
            f"temperature.py is a plugin of repro; try it with: repro plugin test {TESTS / 'plugins'}\n",
        )

    def test_describe(self) -> None:
        done = program("temperature.py", "describe")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            json.loads(done.stdout),
            {
                "samplers": [
                    {
                        "name": "temperature",
                        "doc": "Each batch is in one language, drawn in proportion to its size to the power of 1/T.",
                        "class": "deterministic",
                        "params": [
                            {
                                "name": "t",
                                "type": "number",
                                "default": "5",
                                "doc": "Temperature T; 1 is proportional, more is flatter.",
                            }
                        ],
                    }
                ]
            },
        )

    def test_run(self) -> None:
        done = self.draw(t=2)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("weights [", done.stderr)
        self.assertIn("12 of 12 steps", done.stderr)
        sys.path.insert(0, str(TESTS / "plugins"))
        self.addCleanup(sys.path.remove, str(TESTS / "plugins"))
        from temperature import Temperature

        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            pool = make_pool(PAIRS)
            batches = draw(Temperature, pool, {"t": 2}, steps=12, batch_size=4, seed=5)
        self.assertEqual((self.folder / "draws").read_bytes(), b"".join(map(Encoder(pool).encode, batches)))

    def test_failures(self) -> None:
        done = self.draw(t=-1)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "temperature.py: t: -1 is not positive. Give a number above 0\n")
        self.assertEqual(self.draw().stderr, "temperature.py: t: missing, but temperature needs it\n")
        done = program("temperature.py", "run", "/nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("temperature.py: cannot read the request /nowhere: ", done.stderr)

    def test_a_traceback_shows_the_authors_code_only(self) -> None:
        work = {"kind": "odd-deed", "outputs": {"out": f"{self.folder}/out"}}
        done = self.run_request("odd.py", {"work": work, "params": '{"deed": "crash"}'})
        self.assertEqual(done.returncode, 1)
        lines = done.stderr.splitlines()
        self.assertEqual(lines[0], "Traceback (most recent call last):")
        self.assertIn("plugins/odd.py", lines[1])
        self.assertEqual(lines[-1], "odd.py: KeyError: 'missing'")

    def test_the_working_directory_is_the_jobs(self) -> None:
        request = {"work": {"kind": "odd-deed", "outputs": {"out": f"{self.folder}/out"}}, "dir": str(self.folder)}
        done = self.run_request("odd.py", {**request, "threads": 3, "gpus": ["2", "GPU-a"], "params": '{"deed": "where"}'})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "out").read_text(), f"{self.folder}\n{self.folder}\n3\nNone\n['2', 'GPU-a']")

    def test_a_checkpoint(self) -> None:
        work = {"kind": "odd-deed", "outputs": {"out": f"{self.folder}/out"}, "checkpoint": f"{self.folder}/kept"}
        request = {"work": work, "params": '{"deed": "resume"}'}
        first = self.run_request("odd.py", request)
        self.assertTrue(first.stderr.startswith("1 of 2 attempts  attempt 1\nthis run is stochastic\n"), first.stderr)
        self.assertEqual(first.returncode, 1)
        self.assertEqual(self.run_request("odd.py", request).returncode, 0)
        self.assertEqual((self.folder / "out").read_text(), "2")

    def test_missing_packages(self) -> None:
        code = "import sys; sys.modules[{!r}] = None; from repro_plugin import *; import repro_plugin.testing; "
        code += "sys.argv = ['mine.py'] + sys.argv[1:]; serve(Sampler)"
        for module, argument, words in (
            ("grpc", [], f"{sys.executable} -m pip install grpcio protobuf. Debian's are for /usr/bin/python3"),
            ("google.protobuf", ["describe"], f"{sys.executable} -m pip install protobuf. Debian's is for /usr/bin/python3"),
        ):
            with self.subTest(module):
                done = subprocess.run(
                    [sys.executable, "-c", code.format(module), *argument],
                    env=environment(REPRO_PLUGIN="5f1d4c4e-repro-plugin"),
                    capture_output=True,
                    text=True,
                    timeout=30,
                )
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertTrue(done.stderr.startswith("mine.py: ") and done.stderr.count("\n") == 1, done.stderr)
                self.assertIn(words, done.stderr)

    def test_a_class_that_cannot_be_served(self) -> None:
        (self.folder / "mine.py").write_text("from repro_plugin import *\nclass Mine(Sampler): pass\nserve(Mine)\n")
        done = program(str(self.folder / "mine.py"), "describe")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, 'mine.py: class Mine has no name. Add the line: name = "…"\n')


if __name__ == "__main__":
    unittest.main()
