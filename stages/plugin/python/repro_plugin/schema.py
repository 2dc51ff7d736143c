"""Parameters and ports: what a workflow can say to a plugin."""

from __future__ import annotations

import enum
import json
import re
from dataclasses import dataclass
from typing import Any

CLASSES = ("deterministic", "tolerant", "stochastic", "unknown")

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_TYPE_WORDS = {"string", "number", "bool", "any", "list", "set", "map", "tuple", "object"}

_TYPES: dict[str, Any] = {
    "string": str,
    "number": (int, float),
    "bool": bool,
    "list": list,
    "set": list,
    "tuple": list,
    "map": dict,
    "object": dict,
}


class _Required(enum.Enum):
    REQUIRED = enum.auto()

    def __repr__(self) -> str:
        return self.name


REQUIRED = _Required.REQUIRED
"""The default of a parameter that a workflow must give."""


class Arity(enum.IntEnum):
    """How many files or folders an input port takes."""

    ONE = 0
    OPTIONAL = 1
    LIST = 2
    MAP = 3


ONE = Arity.ONE  #: exactly one
OPTIONAL = Arity.OPTIONAL  #: one or none
LIST = Arity.LIST  #: any number, in order
MAP = Arity.MAP  #: any number, by name


@dataclass(frozen=True)
class Param:
    """A parameter.

    ``type`` is in HCL's type syntax: ``string``, ``number``, ``bool``, ``list(string)``, ``map(number)``, ``any`` …
    ``default`` is anything that :func:`json.dumps` takes, ``None`` included. ``doc`` is one sentence, with the unit.
    """

    name: str
    type: str
    default: Any = REQUIRED
    doc: str = ""

    def takes(self, value: Any) -> bool:
        """Whether a value from JSON is of the type, as far as its outermost part says."""
        outer = re.match(r"\w+", self.type)
        kinds = _TYPES.get(outer.group() if outer else "", object)
        if value is None:
            return self.default is None or kinds is object
        return isinstance(value, kinds) and (kinds is object or isinstance(value, bool) == (kinds is bool))

    def __post_init__(self) -> None:
        _check_name("a parameter", self.name)
        words = re.findall(r"\w+", self.type) if isinstance(self.type, str) else []
        if not words or ("object" not in words and not _TYPE_WORDS.issuperset(words)):
            raise TypeError(
                f"parameter {self.name}: {self.type!r} is no type; give string, number, bool, list(string) or the like"
            )
        try:
            self.default_json()
        except (TypeError, ValueError) as error:
            raise TypeError(f"parameter {self.name}: the default {self.default!r} is no JSON: {error}") from None

    def default_json(self) -> str | None:
        """Return the default as JSON, or None if the parameter must be given."""
        if self.default is REQUIRED:
            return None
        return json.dumps(self.default, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class Port:
    """A place where files or folders enter or leave.

    ``doc`` is one sentence that says the format. ``arity`` is of an input; an output always is one artifact, a folder
    if ``dir``.
    """

    name: str
    doc: str = ""
    arity: Arity = ONE
    dir: bool = False

    def __post_init__(self) -> None:
        _check_name("a port", self.name)


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for {what}; write it in snake_case")
