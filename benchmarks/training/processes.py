"""Workers as seen from the process that compares them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

PATIENCE = 240.0
"""Seconds that an answer may take before the process is killed: compiling a deep network takes a minute or two."""

ROOT = Path(__file__).parents[2]


class WorkerError(Exception):
    """A worker could not do what it was asked, or is gone."""


class Process:
    """A process that answers orders.

    Args:
        module: What it runs, `python -m module`.
        *arguments: Its arguments.
        home: Folder for what libraries keep; a new one has nothing remembered.
    """

    def __init__(self, module: str, *arguments: str, home: str) -> None:
        self._name = " ".join([module.rpartition(".")[2], *arguments])
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `close` closes it
        self._child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
            env=environment(arguments[0], home),
        )

    def ask(self, **order: Any) -> dict[str, Any]:
        """Give an order and wait for the answer.

        Args:
            **order: `do`, and the arguments of that.

        Raises:
            WorkerError: If it went wrong there.
        """
        pipe = self._child.stdin
        if pipe is None:
            raise WorkerError(f"{self._name} takes no orders")
        try:
            pipe.write(json.dumps(order) + "\n")
            pipe.flush()
        except BrokenPipeError:
            raise WorkerError(f"{self._name} has ended") from None
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Wait for an answer: the first comes by itself, once everything is imported.

        Raises:
            WorkerError: If it went wrong there.
        """
        pipe = self._child.stdout
        watch = threading.Timer(PATIENCE, self._child.kill)
        watch.start()
        line = pipe.readline() if pipe is not None else ""
        watch.cancel()
        if not line:
            self._errors.seek(0)
            last = self._errors.read().strip().splitlines()[-1:]
            raise WorkerError(f"{self._name} has ended: {last}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{self._name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End it."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout, self._errors):
            if pipe is not None:
                pipe.close()


def environment(family: str, home: str) -> dict[str, str]:
    """Give the variables of a worker's environment.

    Args:
        family: Its library: `"jax"` has Keras on JAX, any other on TensorFlow.
        home: Folder for what libraries keep.
    """
    backend = "jax" if family == "jax" else "tensorflow"
    own = {"KERAS_BACKEND": backend, "KERAS_HOME": f"{home}/keras", "KERASTUI_HOME": home, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return {**os.environ, **own}
