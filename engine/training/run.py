"""Training without blocking the event loop: one worker thread for TensorFlow, and the run that reads its progress."""

from __future__ import annotations

import asyncio
import inspect
import queue
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final

from kerastui.engine.keras_private import caller_settings, keras
from kerastui.engine.training.control import TrainingControl
from kerastui.engine.training.events import TrainingEvent
from kerastui.engine.training.progress import ControlCallback, ProgressCallback


class _Worker:
    """The thread that does the TensorFlow work of all awaited calls, in order."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kerastui-training")
        self._small: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._running: weakref.WeakSet[TrainingControl] = weakref.WeakSet()

    def submit(self, job: Callable[[], Any], control: TrainingControl) -> Future[Any]:
        """Do a job after those before it."""
        self._running.add(control)
        settings = caller_settings()

        def work() -> Any:
            with settings:
                return None if control.stopped else job()

        return self._thread.submit(work)

    def submit_small(self, job: Callable[[], Any]) -> Future[Any]:
        """Do a job between two batches of the one in work, or at once when there is none."""
        done: Future[Any] = Future()
        settings = caller_settings()

        def work() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                with settings:
                    done.set_result(job())
            except BaseException as error:
                done.set_exception(error)

        self._small.put(work)
        self._thread.submit(self.serve)
        for control in list(self._running):
            control.wake()
        return done

    def serve(self) -> None:
        """Do the small jobs that wait. For the worker thread."""
        while True:
            try:
                work = self._small.get_nowait()
            except queue.Empty:
                return
            work()


_worker: Final = _Worker()


async def run_async(
    method: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], *, between_batches: bool = False
) -> Any:
    """Call `fit`, `evaluate` or `predict` in the worker thread; end it at the next batch if this is cancelled.

    Args:
        method: The bound method.
        args: Its positional arguments.
        kwargs: Its keyword arguments; `verbose` defaults to 0.
        between_batches: Whether it may be done between two batches of a running training. Defaults to False.

    Returns:
        What the method returns.
    """
    control = TrainingControl(_worker.serve)
    job = _call_with(method, args, kwargs, ControlCallback(control))
    future = _worker.submit_small(job) if between_batches else _worker.submit(job, control)
    outcome = asyncio.wrap_future(future)
    try:
        return await asyncio.shield(outcome)
    except asyncio.CancelledError:
        await _end(future, outcome, control)
        raise


async def _end(future: Future[Any], outcome: asyncio.Future[Any], control: TrainingControl) -> None:
    """Have a job end, and wait until the worker thread has left it, though this is cancelled again and again."""
    control.stop()
    if future.cancel():
        return  # its turn had not come
    cancelled: asyncio.CancelledError | None = None
    while not outcome.done():
        try:
            await asyncio.wait({outcome})
        except asyncio.CancelledError as error:
            cancelled = error
    if not outcome.cancelled():
        outcome.exception()  # looked at, or asyncio logs that nobody did
    if cancelled is not None:
        raise cancelled


def _call_with(
    method: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], callback: Any
) -> Callable[[], Any]:
    """Bind the arguments of `fit` and its kin, with `callback` added behind the caller's and `verbose` off."""
    bound = inspect.signature(method).bind_partial(*args, **kwargs)
    extra = next((p.name for p in inspect.signature(method).parameters.values() if p.kind is p.VAR_KEYWORD), None)
    named = bound.arguments
    for name, value in {"verbose": 0, "callbacks": None}.items():
        place = named if name in inspect.signature(method).parameters or extra is None else named.setdefault(extra, {})
        place.setdefault(name, value)
        if name == "callbacks":
            place[name] = _with_callback(place[name], callback)
    return lambda: method(*bound.args, **bound.kwargs)


def _with_callback(callbacks: Any, callback: Any) -> list[Any]:
    """Give the caller's callbacks, however they were passed, and ours behind them."""
    if callbacks is None:
        return [callback]
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return [*callbacks.callbacks, callback]
    return [*callbacks, callback] if isinstance(callbacks, (list, tuple)) else [callbacks, callback]


class TrainingRun:
    """A training in the worker thread, read with `async for` and steered by its methods.

    It starts when the first event is asked for, or on entering `async with`. Leaving the `async for` early, by
    `break`, an error or cancellation, ends the training after the batch in work. What the training raises comes out
    of the `async for`. Made by `Trainer.training`.

    Args:
        fit: The model's `fit`.
        args: Its positional arguments.
        kwargs: Its keyword arguments; `verbose` defaults to 0.

    Example:
        >>> async with model.training(x, y, epochs=3) as run:  # doctest: +SKIP
        ...     async for event in run:
        ...         if isinstance(event, EpochEnded) and event.logs["loss"] < 0.1:
        ...             run.stop()
    """

    def __init__(self, fit: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self._fit = fit
        self._args = args
        self._kwargs = kwargs
        self._control = TrainingControl(_worker.serve)
        self._events: asyncio.Queue[TrainingEvent | None] = asyncio.Queue()
        self._future: Future[Any] | None = None
        self._outcome: asyncio.Future[Any] | None = None
        self._over = False
        # A run that is dropped without being closed must not hold the worker thread, paused, for ever.
        weakref.finalize(self, self._control.stop)

    @property
    def paused(self) -> bool:
        """Whether a pause was asked for and not lifted."""
        return self._control.paused

    @property
    def history(self) -> Any:
        """The `History` that `fit` returned; `None` before the end, and after a failure."""
        outcome = self._outcome
        if outcome is None or not outcome.done() or outcome.cancelled() or outcome.exception() is not None:
            return None
        return outcome.result()

    def pause(self) -> None:
        """Hold the training after the batch in work."""
        self._control.pause()

    def resume(self) -> None:
        """Let a paused training go on."""
        self._control.resume()

    def stop(self) -> None:
        """End the training after the batch in work; its last events still come."""
        self._control.stop()

    def step(self) -> None:
        """Run one batch of a paused training; without effect on one that is not paused."""
        self._control.step()

    async def aclose(self) -> None:
        """End the training if it is not over, and wait until the worker thread has left it."""
        self._over = True
        self._control.stop()
        if self._future is not None and self._outcome is not None:
            await _end(self._future, self._outcome, self._control)

    async def __aenter__(self) -> TrainingRun:
        self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        delivered = self._over
        await self.aclose()
        if kind is None and not delivered and self._outcome is not None and not self._outcome.cancelled():
            self._outcome.result()

    def __aiter__(self) -> AsyncGenerator[TrainingEvent, None]:
        # A generator, since a `break` closes it at once; of an iterator that is an object nobody would be told.
        return self._read()

    async def __anext__(self) -> TrainingEvent:
        if self._over:
            raise StopAsyncIteration
        self._start()
        event = await self._events.get()
        if event is not None:
            return event
        self._over = True
        if self._outcome is not None and not self._outcome.cancelled():
            self._outcome.result()
        raise StopAsyncIteration

    async def _read(self) -> AsyncGenerator[TrainingEvent, None]:
        try:
            while True:
                try:
                    event = await self.__anext__()
                except StopAsyncIteration:
                    return
                yield event
        finally:
            await self.aclose()

    def _start(self) -> None:
        if self._outcome is not None:
            return
        loop, events, control = asyncio.get_running_loop(), self._events, self._control

        def tell(event: TrainingEvent | None) -> None:
            # The loop may be closed while the last batch runs: then there is nobody left to tell, or to train for.
            try:
                loop.call_soon_threadsafe(events.put_nowait, event)
            except RuntimeError:
                control.stop()

        job = _call_with(self._fit, self._args, self._kwargs, ProgressCallback(control, tell))
        self._future = _worker.submit(job, control)
        self._outcome = asyncio.wrap_future(self._future)
        self._outcome.add_done_callback(lambda _: tell(None))
