"""Whole stages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from .component import Component
from .job import Job
from .schema import Port


class Kind(Component):
    """A kind of stage, which reads and writes files::

        class Upper(Kind):
            '''The text in capitals.'''

            name = "upper"
            version = "1"
            inputs = [Port("text", "UTF-8 text")]
            outputs = [Port("upper", "UTF-8 text")]

            def run(self, job):
                job.output("upper").write_text(job.input("text").read_text().upper())

    A workflow uses it as ``stage "upper" "NAME"``.
    """

    version: ClassVar[str] = ""  #: changes whenever the same inputs may give other outputs
    outputs: ClassVar[Sequence[Port]] = ()  #: files and folders that it writes

    @abstractmethod
    def run(self, job: Job) -> None:
        """Read the inputs of ``job`` and write all of its outputs, and nothing else outside of ``job.dir``."""
        raise NotImplementedError
