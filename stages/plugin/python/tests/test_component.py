"""The mistakes of authors, each with a clear error."""

from __future__ import annotations

import pickle
import unittest
from typing import Any

import support  # noqa: F401

from repro_plugin import REQUIRED, InputError, Kind, Param, ParamError, PluginError, Port, Sampler
from repro_plugin.component import create, summary
from repro_plugin.program import Program


def sampler(**attributes: Any) -> type[Sampler]:
    """Return a class that is right but for the given attributes."""
    right = {"__doc__": "Draws.", "name": "right", "batch": lambda self, pool, step, rng: None}
    return type("Mine", (Sampler,), {**right, **attributes})


def kind(**attributes: Any) -> type[Kind]:
    right = {
        "__doc__": "Does.",
        "name": "right",
        "version": "1",
        "outputs": [Port("out", "lines")],
        "run": lambda s, job: None,
    }
    return type("Mine", (Kind,), {**right, **attributes})


class ClassesTest(unittest.TestCase):
    def test_what_cannot_be_served(self) -> None:
        param = Param("p", "string", doc="A word.")
        for words, classes in {
            "serve\\(\\) was given no classes": [],
            "was given <.*>, not a class derived from": [sampler()({})],
            "was given <class 'int'>": [int],
            "class Mine has no name. Add the line": [sampler(name="")],
            "class Mine has no docstring": [sampler(__doc__=None)],
            "class Mine has no method batch": [type("Mine", (Sampler,), {"__doc__": "X.", "name": "x"})],
            "class Mine has no method run": [type("Mine", (Kind,), {"__doc__": "X.", "name": "x"})],
            "class Mine has no version": [kind(version="")],
            "class Mine has no outputs": [kind(outputs=[])],
            "has determinism 'maybe', not deterministic, tol": [sampler(determinism="maybe")],
            "has 'p' in params, not a Param": [sampler(params=["p"])],
            "has Param.* in inputs, not a Port": [sampler(inputs=[param])],
            "has 'p' in params without doc. Say in one sen": [sampler(params=[Param("p", "string")])],
            "has 'f' in inputs without doc": [sampler(inputs=[Port("f")])],
            "has two parameters or ports named p": [sampler(params=[param, param])],
            "two parameters or ports named p": [sampler(params=[param], inputs=[Port("p", "lines")])],
            "two parameters or ports named out": [kind(outputs=[Port("out", "lines"), Port("out", "lines")])],
            "class Mine is named 'My Sampler'. A name is lower case": [sampler(name="My Sampler")],
            "classes Mine and Mine are both named right": [sampler(), sampler()],
        }.items():
            with self.subTest(words), self.assertRaisesRegex(PluginError, words):
                Program(classes)  # type: ignore[arg-type]

    def test_what_can_be_served(self) -> None:
        """A sampler and a kind may share a name, as may an input and an output."""
        Program([sampler(), kind(inputs=[Port("out", "lines")])])

    def test_summary(self) -> None:
        self.assertEqual(
            summary(sampler(__doc__="One sentence\n    of two lines.\n\n    More.")), "One sentence of two lines."
        )
        self.assertEqual(summary(sampler(doc="This one.")), "This one.")

    def test_params_and_ports(self) -> None:
        for words, make in {
            "'float' is no type": lambda: Param("p", "float"),
            "<class 'float'> is no type": lambda: Param("p", float),  # type: ignore[arg-type]
            "'' is no type": lambda: Param("p", ""),
            "'maxSize' is no name for a parameter; write it in snake_case": lambda: Param("maxSize", "number"),
            "'a b' is no name for a port": lambda: Port("a b"),
            r"the default \{1\} is no JSON": lambda: Param("p", "any", default={1}),
            "the default nan is no JSON": lambda: Param("p", "number", default=float("nan")),
        }.items():
            with self.subTest(words), self.assertRaisesRegex((TypeError, ValueError), words):
                make()
        for good in ("list(string)", "map(list(number))", "any", "object({a = string, b = optional(number)})"):
            Param("p", good)

    def test_defaults(self) -> None:
        self.assertIsNone(Param("p", "string").default_json())
        self.assertIsNone(Param("p", "string", default=REQUIRED).default_json())
        self.assertEqual(Param("p", "string", default=None).default_json(), "null")
        self.assertEqual(Param("p", "list(string)", default=["ä", 'b"']).default_json(), '["ä", "b\\""]')


class CreateTest(unittest.TestCase):
    def test_every_parameter_must_be_given_and_no_other(self) -> None:
        both = sampler(params=[Param("a", "number", default=1), Param("b", "number")])
        for params, words in {
            '{"a": 1}': "b: missing, but right needs it",
            '{"a": 1, "b": 2, "c": 3}': "c: not a parameter of right. Its parameters are a, b",
        }.items():
            with self.assertRaisesRegex(ParamError, words):
                create(both, params)
        with self.assertRaisesRegex(PluginError, "no JSON object"):
            create(both, "[1]")
        with self.assertRaisesRegex(ParamError, "x: not a parameter of right. It has none"):
            create(sampler(), '{"x": 1}')


class ErrorsTest(unittest.TestCase):
    def test_text(self) -> None:
        self.assertEqual(str(ParamError("t", "-1 is not positive", "Give more")), "t: -1 is not positive. Give more")
        self.assertEqual(str(InputError("x.tsv:1: no tab")), "x.tsv:1: no tab")

    def test_they_pass_between_processes(self) -> None:
        for error in (ParamError("t", "bad", "hint"), InputError("bad", "hint"), PluginError("bad")):
            copy = pickle.loads(pickle.dumps(error))
            self.assertEqual((str(copy), copy.param, copy.input), (str(error), error.param, error.input))


if __name__ == "__main__":
    unittest.main()
