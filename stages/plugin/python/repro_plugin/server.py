"""The program as a server of gRPC that hashicorp/go-plugin's client starts and talks to."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from .errors import Cancelled, PluginError
from .events import Events
from .program import Program
from .v1 import plugin_pb2 as pb

VERSION = "1"
SERVICE = "repro.plugin.v1.Plugin"

_SOCKET_PATH = 107  # bytes that a path may have, in Linux
_CALLS = 32  # at a time; a run is one as long as it lasts
_GRACE = 0.5  # seconds that calls get to end on shutdown
_SERVING = b"\x08\x01"  # a grpc.health.v1.HealthCheckResponse with the status SERVING


def serve(program: Program, parent: int) -> int:
    """Serve until the engine says Shutdown, or is no longer the parent process. Return the exit status."""
    versions = os.environ.get("PLUGIN_PROTOCOL_VERSIONS", VERSION).split(",")
    if VERSION not in versions:
        raise PluginError(
            f"this plugin speaks version {VERSION} of the protocol, repro only {', '.join(versions)}",
            "Use the repro_plugin that comes with your repro",
        )
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for the engine, which says what is to end

    shutdown = threading.Event()
    server = grpc.server(ThreadPoolExecutor(_CALLS, "call"), handlers=_handlers(program, shutdown))
    own = None if os.environ.get("PLUGIN_UNIX_SOCKET_DIR") else tempfile.mkdtemp(prefix="repro-plugin-")
    try:
        path = os.path.join(own or os.environ["PLUGIN_UNIX_SOCKET_DIR"], f"plugin-{os.getpid()}")
        _listen(server, path)
        server.start()
        print(f"1|{VERSION}|unix|{path}|grpc", flush=True)
        _send_output_to_log()
        threading.Thread(target=_end_with, args=(parent, own), daemon=True, name="parent").start()
        shutdown.wait()
        server.stop(_GRACE).wait()
    finally:
        _remove(own)
    return 0


def _listen(server: grpc.Server, path: str) -> None:
    try:
        listening = len(os.fsencode(path)) <= _SOCKET_PATH and server.add_insecure_port(f"unix:{path}")
    except RuntimeError:  # how newer versions of grpcio say 0
        listening = 0
    if not listening:
        raise PluginError(
            f"cannot listen at {path}", f"Its folder must exist, and the path have {_SOCKET_PATH} bytes at most"
        )


def _handlers(program: Program, shutdown: threading.Event) -> list[grpc.GenericRpcHandler]:
    def describe(request: pb.DescribeRequest, context: grpc.ServicerContext) -> pb.Description:
        return program.describe()

    def check(request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        return program.check(request)

    def run(request: pb.RunRequest, context: grpc.ServicerContext) -> Iterator[pb.Event]:
        events = Events()
        if not context.add_callback(events.cancel):
            return  # over already
        threading.Thread(target=_run, args=(program, request, events), daemon=True, name="run").start()
        yield from events

    def stop(request: bytes, context: grpc.ServicerContext) -> bytes:
        shutdown.set()
        return b""

    def unary(handler: Any, request: Any = None, response: Any = None) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(
            handler, request and request.FromString, response and response.SerializeToString
        )

    services = {
        SERVICE: {
            "Describe": unary(describe, pb.DescribeRequest, pb.Description),
            "Check": unary(check, pb.CheckRequest, pb.CheckResponse),
            "Run": grpc.unary_stream_rpc_method_handler(run, pb.RunRequest.FromString, pb.Event.SerializeToString),
        },
        # go-plugin's own; bytes in, bytes out
        "grpc.health.v1.Health": {"Check": unary(lambda request, context: _SERVING)},
        "plugin.GRPCController": {"Shutdown": unary(stop)},
    }
    return [grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items()]


def _run(program: Program, request: pb.RunRequest, events: Events) -> None:
    failure: pb.Failure | None = pb.Failure(message="the run broke off")
    try:
        failure = program.run(request, events)
    except Cancelled:
        pass
    finally:
        events.end(failure)


def _send_output_to_log() -> None:
    """Let what is printed from now on, also by child processes, go to standard error, which is the log."""
    sys.stdout.flush()
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _end_with(parent: int, folder: str | None) -> None:
    """End this process, and its children if it leads a group, when its parent has died without a word."""
    while os.getppid() == parent:
        time.sleep(1)
    _remove(folder)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _remove(folder: str | None) -> None:
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
