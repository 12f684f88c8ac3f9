"""The one thread in which TensorFlow runs, and the queue of what it has to do."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """Run jobs one after the other in a thread of their own.

    A long job, such as a training, calls `serve` between its steps: short jobs that arrived meanwhile then run in
    the same thread, so that shapes are checked and a summary is shown while a model trains.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tensorflow", daemon=True)
        self._thread.start()

    async def call(self, job: Callable[[], T]) -> T:
        """Run a job in the thread and wait for its result.

        Raises:
            Exception: Whatever the job raised.
        """
        return await asyncio.wrap_future(self.submit(job))

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Put a job into the queue and return its future."""
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return future

    def serve(self) -> None:
        """Run the jobs that wait, from inside a job; return at once when none waits."""
        while True:
            try:
                item = self._jobs.get_nowait()
            except queue.Empty:
                return
            if item is None:
                self._jobs.put(None)
                return
            self._do(*item)

    def close(self) -> None:
        """Let the thread end after the jobs that wait."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (item := self._jobs.get()) is not None:
            self._do(*item)

    @staticmethod
    def _do(job: Callable[[], Any], future: Future[Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(job())
        except BaseException as error:
            future.set_exception(error)
