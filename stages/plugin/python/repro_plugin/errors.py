"""What a plugin raises when it cannot go on, and what the SDK raises when it must not."""

from __future__ import annotations


class PluginError(Exception):
    """Something that the user of a plugin can act on. It is shown as it is, without a traceback.

    ``message`` says what is wrong, in lower case and without a full stop; ``hint`` is the way out in one sentence, or
    empty.
    """

    param = ""
    input = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.param}: {self.message}" if self.param else self.message
        return f"{text}. {self.hint}" if self.hint else text


class ParamError(PluginError):
    """A parameter is to blame. The engine shows it at the parameter's place in the workflow."""

    def __init__(self, param: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.args = (param, message, hint)  # what pickle makes a copy of, so that it passes between processes
        self.param = param


class InputError(PluginError):
    """The content of an input is to blame. Say the file and the line."""

    input = True


class Cancelled(BaseException):
    """Nobody waits for the result any more.

    :meth:`Job.progress` and :meth:`Job.log` raise it. It is no :class:`Exception`, so that ``except Exception`` in a
    plugin does not stop it; let it pass.
    """
