"""What samplers and kinds have in common: how the engine knows them and what they are told."""

from __future__ import annotations

import inspect
import json
import re
from abc import ABC
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from .errors import ParamError, PluginError
from .schema import CLASSES, Param, Port

_NAME = re.compile(r"[a-z][a-z0-9-]*")

C = TypeVar("C", bound="Component")


class Component(ABC):
    """The base of :class:`Sampler` and :class:`Kind`, which are what to derive from."""

    name: ClassVar[str] = ""  #: what a workflow calls it
    doc: ClassVar[str] = ""  #: one sentence; if empty, the first paragraph of the docstring
    params: ClassVar[Sequence[Param]] = ()  #: what a workflow may tell it
    inputs: ClassVar[Sequence[Port]] = ()  #: files and folders that it reads
    determinism: ClassVar[str] = "deterministic"  #: of a second run: deterministic, tolerant, stochastic or unknown

    def __init__(self, params: dict[str, Any]) -> None:
        """Take the value of every parameter, decoded from JSON. Raise ParamError for one that its type allows but
        that makes no sense; do no work here, as the engine asks before anything runs."""


def summary(component: type[Component]) -> str:
    """Return the component's ``doc`` or else its docstring's first paragraph, as one line."""
    text = component.doc or inspect.cleandoc(component.__doc__ or "")
    return " ".join(text.split("\n\n")[0].split())


def create(component: type[C], params: str) -> C:
    """Return a component with the given parameters, a JSON object. A name that is unknown or missing is refused."""
    values = json.loads(params or "{}")
    if not isinstance(values, dict):
        raise PluginError(f"the parameters are no JSON object but {params}")
    declared = [param.name for param in component.params]
    for name in values:
        if name not in declared:
            hint = f"Its parameters are {', '.join(declared)}" if declared else "It has none"
            raise ParamError(name, f"not a parameter of {component.name}", hint)
    for name in declared:
        if name not in values:
            raise ParamError(name, f"missing, but {component.name} needs it")
    for param in component.params:
        if not param.takes(values[param.name]):
            raise ParamError(param.name, f"{json.dumps(values[param.name])} is not of the type {param.type}")
    return component(values)


def check(component: type[Component]) -> None:
    """Raise PluginError for the author's mistakes that the class alone shows."""

    def demand(good: object, problem: str, hint: str = "") -> None:
        if not good:
            raise PluginError(f"class {component.__qualname__} {problem}", hint)

    demand(component.name, "has no name", 'Add the line: name = "…"')
    demand(_NAME.fullmatch(str(component.name)), f"is named {component.name!r}", "A name is lower case: x-y")
    demand(summary(component), "has no docstring", "Say in one sentence what it does")
    demand(component.determinism in CLASSES, f"has determinism {component.determinism!r}, not {', '.join(CLASSES)}")
    outputs: Sequence[Port] = getattr(component, "outputs", ())
    groups: list[tuple[str, type, Sequence[Param | Port]]] = [
        ("params", Param, component.params),
        ("inputs", Port, component.inputs),
        ("outputs", Port, outputs),
    ]
    for what, of, entries in groups:
        for entry in entries:
            demand(isinstance(entry, of), f"has {entry!r} in {what}, not a {of.__name__}")
            demand(entry.doc, f"has {entry.name!r} in {what} without doc", "Say in one sentence what it is")
    # Parameters and inputs are attributes of one block in a workflow; outputs have a place of their own.
    attributes: list[Param | Port] = [*component.params, *component.inputs]
    for names in ([entry.name for entry in attributes], [port.name for port in outputs]):
        twice = [name for name in names if names.count(name) > 1]
        demand(not twice, f"has two parameters or ports named {', '.join(sorted(set(twice)))}")
