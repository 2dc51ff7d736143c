"""One run of a sampler or kind, as its author sees it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar, overload

from .schema import CLASSES, Port

T = TypeVar("T")

_RAISE: Any = object()


class Reporter(Protocol):
    """Is told how a job goes. All methods raise Cancelled once nobody waits for the result."""

    def check(self) -> None: ...

    def progress(self, done: int, total: int, unit: str) -> None: ...

    def note(self, text: str) -> None: ...

    def determinism(self, promise: str) -> None: ...


class Input(NamedTuple):
    """One artifact given to a job. ``name`` is empty but in a port of arity MAP."""

    port: str
    name: str
    path: str


class Job:
    """What a run is given besides its parameters, and where it says how it goes."""

    dir: Path  #: a folder for scratch files
    threads: int  #: how many threads may be kept busy, at least 1; must not change the result

    #: The GPUs that may be used, none if empty, by their indices or UUIDs on this machine. CUDA_VISIBLE_DEVICES hides all
    #: others: to CUDA, and so to PyTorch, they are 0, 1 … in this order.
    gpus: list[str]

    #: The folder for what a long work needs to go on where it was: what an attempt that was killed, cancelled or failed
    #: left there is there again for the next one at the same work, under another path. It may not exist yet, its parent
    #: does. It must not change the outputs. None if nobody keeps one, as for a sampler.
    checkpoint: Path | None

    def __init__(
        self,
        reporter: Reporter,
        dir: Path,
        threads: int = 1,
        ports: Sequence[Port] = (),
        inputs: Sequence[Input] = (),
        outputs: Mapping[str, str] | None = None,
        checkpoint: Path | None = None,
        gpus: Sequence[str] = (),
    ) -> None:
        self.dir = dir
        self.checkpoint = checkpoint
        self.threads = max(1, threads)
        self.gpus = list(gpus)
        self._reporter = reporter
        self._ports = [port.name for port in ports]
        self._inputs = inputs
        self._outputs = outputs or {}

    @overload
    def input(self, port: str) -> Path: ...

    @overload
    def input(self, port: str, default: T) -> Path | T: ...

    def input(self, port: str, default: Any = _RAISE) -> Any:
        """Return the path of the file or folder at a port of arity ONE or OPTIONAL.

        If nothing was given, return ``default``, or raise LookupError without one.
        """
        paths = self.inputs(port)
        if not paths and default is _RAISE:
            raise LookupError(f"nothing was given at the port {port}; pass a default to input() if it is optional")
        return paths[0] if paths else default

    def inputs(self, port: str) -> list[Path]:
        """Return the paths at a port, in order."""
        return [Path(entry.path) for entry in self._at(port)]

    def named_inputs(self, port: str) -> dict[str, Path]:
        """Return the paths at a port of arity MAP by their names."""
        return {entry.name: Path(entry.path) for entry in self._at(port)}

    def output(self, port: str) -> Path:
        """Return the path to write. It does not exist yet, its parent does."""
        if port not in self._outputs:
            raise LookupError(f"there is no output port {port!r}; there are: {', '.join(sorted(self._outputs))}")
        return Path(self._outputs[port])

    def log(self, text: str) -> None:
        """Write a line to the log, which is kept with the result and shown if the run fails: it is standard error.
        What is printed goes there too."""
        self._reporter.check()
        sys.stderr.write(text.removesuffix("\n") + "\n")

    def progress(self, done: int, total: int = 0, unit: str = "") -> None:
        """Say how far the work is: done of total ("pairs", "B"), total being 0 while unknown. Call it often: it is
        cheap, and it is what ends a run that was cancelled."""
        self._reporter.progress(done, total, unit)

    def note(self, text: str) -> None:
        """Put a short text beside the live progress, "loss 0.512, 210 pairs/s", in place of the one before."""
        self._reporter.note(text)

    def set_determinism(self, promise: str) -> None:
        """Say what this run promises of a second one, in place of the class's ``determinism``, where that depends on
        more than the parameters, such as a GPU: deterministic, tolerant, stochastic or unknown."""
        if promise not in CLASSES:
            raise ValueError(f"{promise!r} is not one of {', '.join(CLASSES)}")
        self._reporter.determinism(promise)

    def _at(self, port: str) -> list[Input]:
        if port not in self._ports:
            raise LookupError(f"there is no input port {port!r}; declared are: {', '.join(self._ports) or 'none'}")
        return [entry for entry in self._inputs if entry.port == port]
