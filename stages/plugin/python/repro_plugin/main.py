"""The entry of every plugin."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .component import Component
from .console import Console
from .errors import PluginError

if TYPE_CHECKING:
    from .program import Program

COOKIE = ("REPRO_PLUGIN", "5f1d4c4e-repro-plugin")

_PARENT = os.getppid()  # as early as can be: a parent that died before is not missed

_PACKAGES = {
    "grpc": f"{sys.executable} -m pip install grpcio protobuf. Debian's are for /usr/bin/python3 (apt-get install "
    "python3-grpcio python3-protobuf): name it as interpreter in plugin.hcl",
    "google": f"{sys.executable} -m pip install protobuf. Debian's is for /usr/bin/python3 (apt-get install python3-protobuf)",
}


def serve(*classes: type[Component]) -> NoReturn:
    """Be a plugin that has the given classes of samplers and kinds. This is the last line of a plugin's file.

    The engine starts the program and talks to it. By hand, ``PROGRAM describe`` prints what it has, as JSON, and
    ``PROGRAM run REQUEST.json`` does one piece of work: a RunRequest of plugin.proto.
    """
    try:
        sys.exit(_main(classes, sys.argv[1:]))
    except PluginError as error:
        print(f"{_program()}: {error}", file=sys.stderr)
        sys.exit(1)


def _main(classes: Sequence[type[Component]], arguments: Sequence[str]) -> int:
    try:
        if arguments == ["describe"]:
            return _describe(_load(classes))
        if len(arguments) == 2 and arguments[0] == "run":
            return _run(_load(classes), Path(arguments[1]))
        if not arguments and os.environ.get(COOKIE[0]) == COOKIE[1]:
            from . import server

            return server.serve(_load(classes), _PARENT)
    except ImportError as error:
        package = (error.name or "").split(".")[0]
        if package not in _PACKAGES:
            raise
        raise PluginError(str(error), f"Install it: {_PACKAGES[package]}") from error
    folder = os.path.dirname(sys.argv[0]) or "."
    print(f"{_program()} is a plugin of repro; try it with: repro plugin test {folder}", file=sys.stderr)
    return 2


def _load(classes: Sequence[type[Component]]) -> Program:
    from .program import Program

    return Program(classes)


def _describe(program: Program) -> int:
    from google.protobuf import json_format

    print(json_format.MessageToJson(program.describe(), ensure_ascii=False))
    return 0


def _run(program: Program, path: Path) -> int:
    from google.protobuf import json_format

    from .v1 import plugin_pb2 as pb

    request = pb.RunRequest()
    try:
        json_format.Parse(path.read_bytes(), request)
    except (OSError, json_format.ParseError) as error:
        raise PluginError(f"cannot read the request {path}: {error}") from error
    if request.dir:
        os.chdir(request.dir)  # where the engine starts a plugin
    failure = program.run(request, Console())
    if failure is None:
        return 0
    what = f"{failure.param}: {failure.message}" if failure.param else failure.message
    raise PluginError(what, failure.hint)


def _program() -> str:
    return os.path.basename(sys.argv[0])
