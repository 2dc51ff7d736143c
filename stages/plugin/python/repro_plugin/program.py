"""What one program adds to repro: its samplers and kinds, and the answers to the engine's three requests."""

from __future__ import annotations

import inspect
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from .component import Component, check, create, summary
from .draws import Encoder, draw
from .errors import Cancelled, PluginError
from .job import Input, Job, Reporter
from .kind import Kind
from .pool import Pool
from .sampler import Sampler
from .schema import Param, Port
from .v1 import plugin_pb2 as pb

C = TypeVar("C", bound=Component)

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Program:
    """The classes that a plugin serves. Classes that cannot be served raise PluginError."""

    def __init__(self, classes: Sequence[type[Component]]) -> None:
        self._samplers: dict[str, type[Sampler]] = {}
        self._kinds: dict[str, type[Kind]] = {}
        if not classes:
            raise PluginError("serve() was given no classes", "Name your samplers: serve(MySampler)")
        for each in classes:
            if not inspect.isclass(each) or not issubclass(each, (Sampler, Kind)):
                raise PluginError(f"serve() was given {each!r}, not a class derived from Sampler or Kind")
            check(each)
            if issubclass(each, Sampler):
                _check_method(each, "batch")
                _add(self._samplers, each)
            else:
                _check_method(each, "run")
                if not each.version or not each.outputs:
                    raise PluginError(f"class {each.__qualname__} has no {'outputs' if each.version else 'version'}")
                _add(self._kinds, each)

    def describe(self) -> pb.Description:
        """Say what the plugin adds to a workflow."""
        return pb.Description(
            samplers=[
                pb.Sampler(
                    name=each.name,
                    doc=summary(each),
                    params=_params(each.params),
                    inputs=_ports(each.inputs),
                    **{"class": each.determinism},
                )
                for each in self._samplers.values()
            ],
            kinds=[
                pb.Kind(
                    name=each.name,
                    version=each.version,
                    doc=summary(each),
                    params=_params(each.params),
                    inputs=_ports(each.inputs),
                    outputs=_ports(each.outputs),
                    **{"class": each.determinism},
                )
                for each in self._kinds.values()
            ],
        )

    def check(self, request: pb.CheckRequest) -> pb.CheckResponse:
        """Refuse bad parameters."""
        try:
            if request.WhichOneof("what") == "sampler":
                create(_find(self._samplers, "sampler", request.sampler), request.params)
            else:
                create(_find(self._kinds, "kind", request.kind), request.params)
        except BaseException as error:  # also SystemExit, which would end a thread without a word
            return pb.CheckResponse(refusal=_failure(error))
        return pb.CheckResponse()

    def run(self, request: pb.RunRequest, reporter: Reporter) -> pb.Failure | None:
        """Do one piece of work and return what went wrong, if anything did. Raise Cancelled if the reporter does."""
        try:
            if request.WhichOneof("what") == "draw":
                self._draw(request, reporter)
            else:
                self._work(request, reporter)
        except (Cancelled, KeyboardInterrupt):
            raise
        except BaseException as error:  # also SystemExit, which would end a thread without a word
            return _failure(error)
        return None

    def _draw(self, request: pb.RunRequest, reporter: Reporter) -> None:
        order = request.draw
        sampler = create(_find(self._samplers, "sampler", order.sampler), request.params)
        job = _job(request, reporter, sampler)
        pool = Pool(order.pool)
        encoder = Encoder(pool)
        with open(order.draws, "wb") as file:
            for batch in draw(sampler, pool, job, order.steps, order.batch_size, order.seed):
                file.write(encoder.encode(batch))

    def _work(self, request: pb.RunRequest, reporter: Reporter) -> None:
        kind = create(_find(self._kinds, "kind", request.work.kind), request.params)
        job = _job(request, reporter, kind)
        kind.run(job)
        for port in kind.outputs:
            if not job.output(port.name).exists():
                raise PluginError(f"{type(kind).__qualname__}.run wrote nothing to its output {port.name}")


def _check_method(component: type[Component], name: str) -> None:
    if inspect.isabstract(component):
        raise PluginError(f"class {component.__qualname__} has no method {name}")


def _add(components: dict[str, type[C]], component: type[C]) -> None:
    other = components.setdefault(component.name, component)
    if other is not component:
        raise PluginError(f"classes {other.__qualname__} and {component.__qualname__} are both named {other.name}")


def _find(components: dict[str, type[C]], what: str, name: str) -> type[C]:
    if name not in components:
        raise PluginError(f"no {what} {name!r} in this plugin; it has {', '.join(components) or 'none'}")
    return components[name]


def _params(params: Sequence[Param]) -> list[pb.Param]:
    return [pb.Param(name=p.name, type=p.type, default=p.default_json(), doc=p.doc) for p in params]


def _ports(ports: Sequence[Port]) -> list[pb.Port]:
    return [pb.Port(name=port.name, arity=port.arity.name, dir=port.dir, doc=port.doc) for port in ports]


def _job(request: pb.RunRequest, reporter: Reporter, component: Component) -> Job:
    return Job(
        reporter,
        dir=Path(request.dir or "."),
        threads=request.threads,
        ports=component.inputs,
        inputs=[Input(entry.port, entry.name, entry.path) for entry in request.inputs],
        outputs=dict(request.work.outputs),
        checkpoint=Path(request.work.checkpoint) if request.work.checkpoint else None,
        gpus=request.gpus,
    )


def _failure(error: BaseException) -> pb.Failure:
    """Return the error as a message. The traceback of an error that no one foresaw goes to the log."""
    if isinstance(error, PluginError):
        return pb.Failure(message=error.message, param=error.param, hint=error.hint, input=error.input)
    trace = traceback.TracebackException(type(error), error, _authors(error.__traceback__))
    sys.stderr.write("".join(trace.format()))
    return pb.Failure(message="".join(trace.format_exception_only()).strip())


def _authors(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame that is the author's, or all of it."""
    at = trace
    while at is not None and at.tb_frame.f_code.co_filename.startswith(_HERE):
        at = at.tb_next
    return at or trace
