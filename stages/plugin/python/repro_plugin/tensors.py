"""Files of arrays, mapped into memory: safetensors (https://huggingface.co/docs/safetensors), whole numbers only."""

from __future__ import annotations

import json
import mmap
import os
from array import array
from collections.abc import Mapping
from typing import Any, Literal, Union

_Format = Literal["B", "H", "I", "Q"]  # in the sense of struct and memoryview
_FORMATS: dict[str, _Format] = {"U8": "B", "U16": "H", "U32": "I", "U64": "Q"}
_PREFIX = 8  # bytes of the header's length

Tensors = Mapping[str, memoryview]
PathLike = Union[str, "os.PathLike[str]"]


def load(path: PathLike) -> tuple[dict[str, str], dict[str, memoryview]]:
    """Return the metadata and a view of each tensor. Nothing but the header is read.

    A file that is damaged raises ValueError.
    """
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size < _PREFIX:
            raise ValueError("shorter than a header's length")
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    start = _PREFIX + int.from_bytes(view[:_PREFIX], "little")
    if start > len(view):
        raise ValueError(f"a header of {start - _PREFIX} bytes in a file of {len(view)}")
    header: dict[str, Any] = json.loads(bytes(view[_PREFIX:start]))
    metadata = header.pop("__metadata__", {})
    return metadata, {name: _view(name, entry, view[start:]) for name, entry in header.items()}


def _view(name: str, entry: dict[str, Any], body: memoryview) -> memoryview:
    code = _FORMATS.get(entry["dtype"])
    begin, end = entry["data_offsets"]
    if code is None or not 0 <= begin <= end <= len(body):
        raise ValueError(f"tensor {name}: {entry['dtype']} at {begin} to {end} of {len(body)} bytes")
    return body[begin:end].cast(code) if begin < end else empty(code)


def empty(code: str) -> memoryview:
    """Return a view of no numbers, which memoryview.cast cannot make."""
    return memoryview(array(code)).toreadonly()


def save(path: PathLike, metadata: Mapping[str, str], tensors: Tensors) -> None:
    """Write what :func:`load` reads. The widest numbers come first, so that every tensor is aligned."""
    dtypes: dict[str, str] = {code: dtype for dtype, code in _FORMATS.items()}
    ordered = sorted(tensors.items(), key=lambda entry: (-entry[1].itemsize, entry[0]))
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    at = 0
    for name, tensor in ordered:
        header[name] = {
            "dtype": dtypes[tensor.format],
            "shape": [len(tensor)],
            "data_offsets": [at, at + tensor.nbytes],
        }
        at += tensor.nbytes
    raw = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)
    with open(path, "wb") as file:
        file.write(len(raw).to_bytes(_PREFIX, "little") + raw)
        for _, tensor in ordered:
            file.write(tensor)
