"""The engine: answers requests, tells events, and runs TensorFlow in its worker thread."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import os
import platform
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

import kerastui
from kerastui.engine.process.frames import frame, read_frame
from kerastui.engine.process.protocol import (
    PROTOCOL,
    Attach,
    Broken,
    Check,
    Code,
    Device,
    Done,
    Event,
    EventBody,
    Hello,
    Pause,
    Ping,
    ReadCode,
    Ready,
    Refused,
    Reply,
    ReplyBody,
    RequestBody,
    Resume,
    RunFailed,
    RunFinished,
    Save,
    Shutdown,
    Stop,
    Summary,
    Text,
    Train,
    Versions,
    Welcome,
    decode_request,
    encode,
)
from kerastui.engine.process.worker import Worker
from kerastui.engine.project.document import Project
from kerastui.engine.project.graph import check_references
from kerastui.engine.project.plain import DocumentError, from_plain
from kerastui.engine.training.events import Progress

if TYPE_CHECKING:
    from kerastui.engine.checking import Checker
    from kerastui.engine.process.run import Run

T = TypeVar("T")
KEPT_PROGRESS = 5_000
"""Progress events of a run kept for clients that come back: some eight minutes at ten a second."""


class Engine:
    """Serve clients until told to end, or until there was neither client nor run for a while.

    Args:
        idle: Seconds without client and run after which the engine ends; 0 never.
        moved: Called with the folder of the project when a run begins.
    """

    def __init__(self, idle: float = 600.0, moved: Callable[[str], None] | None = None) -> None:
        self._idle, self._moved = idle, moved or (lambda folder: None)
        self._loop = asyncio.get_running_loop()
        self._worker = Worker()
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._sequence = 0
        self._events: list[Event] = []
        self._progress: deque[Event] = deque(maxlen=KEPT_PROGRESS)
        self._versions: Versions | None = None
        self._broken = ""
        self._checker: Checker | None = None
        self._run: Run | None = None  # the last one that began: its model can be saved
        self._running: Run | None = None
        self._project = ""
        self._left = self._loop.time()
        self._worker.submit(self._load).add_done_callback(self._loaded)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client until it leaves."""
        self._clients.add(writer)
        try:
            while (content := await read_frame(reader)) is not None:
                request = decode_request(content)
                task = self._loop.create_task(self._answer(request.id, request.body, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (ConnectionError, msgspec.DecodeError, asyncio.CancelledError):
            pass  # the client has gone, speaks something else, or the engine ends
        finally:
            self._clients.discard(writer)
            self._left = self._loop.time()
            writer.close()

    async def wait_end(self, tick: Callable[[], None] = lambda: None) -> None:
        """Wait until the engine is to end.

        Args:
            tick: Called every few seconds.
        """
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), min(5.0, self._idle or 5.0))
            tick()
            busy = self._clients or self._running
            if self._idle and not busy and self._loop.time() - self._left > self._idle:
                self._ended.set()
        self._worker.close()
        for writer in list(self._clients):
            writer.close()

    async def _answer(self, number: int, body: RequestBody, writer: asyncio.StreamWriter) -> None:
        try:
            reply = await self._handle(body, writer)
        except DocumentError as error:
            reply = Refused(f"{'.'.join(error.path)}: {error}")
        except Exception as error:
            from kerastui.engine.process.run import LOG_HINT, explain_failure

            failure = explain_failure(error)
            if failure.hint == LOG_HINT:
                traceback.print_exception(error)  # standard error is the log
            reply = Refused(failure.what, failure.hint)
        await self._send(writer, encode(Reply(number, reply)))
        if isinstance(body, Shutdown):
            self._ended.set()

    async def _handle(self, body: RequestBody, writer: asyncio.StreamWriter) -> ReplyBody:
        match body:
            case Hello():
                return Welcome(
                    PROTOCOL, os.getpid(), self._versions, self._project, self._running is not None, self._sequence
                )
            case Ping():
                return Done()
            case Check(project):
                return await self._call(lambda: self._check(project))
            case Summary(project, width):
                return Text(await self._call(lambda: self._summary(project, width)))
            case ReadCode(folder, files):
                return await self._call(lambda: self._read_code(folder, files))
            case Train():
                return await self._train(body)
            case Pause() | Resume() | Stop():
                return self._steer(body)
            case Save(path, overwrite):
                return Text(await self._call(lambda: self._save(Path(path), overwrite)))
            case Attach(after):
                return await self._attach(after, writer)
            case Shutdown():
                return await self._shut_down()

    async def _call(self, job: Callable[[], T]) -> T:
        """Run a job in the worker; a run that is paused wakes up for it."""
        if self._broken:
            from kerastui.engine.process.run import RunError

            raise RunError(self._broken, "install TensorFlow again; `kerastui doctor` says what is missing")
        future = self._worker.submit(job)
        if self._run is not None:
            self._run.control.wake()
        return await asyncio.wrap_future(future)

    async def _train(self, body: Train) -> ReplyBody:
        from kerastui.engine.process.run import Run

        if self._running is not None:
            return Refused("a run is going on", "stop it first")
        project = _read(body.project)
        self._running = run = Run(project, Path(body.folder), self._tell, self._worker.serve)
        try:
            await self._call(lambda: None)  # TensorFlow is loaded, or the reason why not is raised
            previous, self._run = self._run, run
            ended = self._worker.submit(run.train)
            ended.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._ended_run, run))
            await asyncio.wrap_future(run.begun)
        except Exception:
            if not run.begun.done() or run.begun.exception():
                self._running = None
                self._run = previous if run is self._run else self._run
            raise
        self._project = body.folder
        self._moved(body.folder)
        return Done()

    def _ended_run(self, run: Run | None) -> None:
        """Note that a run has ended; the next one may be going on by the time its thread is through."""
        if run is self._running:
            self._running = None
            self._left = self._loop.time()

    def _steer(self, body: Pause | Resume | Stop) -> ReplyBody:
        if self._running is None:
            return Refused("no run is going on", "f5 starts one")
        control = self._running.control
        {Pause: control.pause, Resume: control.resume, Stop: control.stop}[type(body)]()
        return Done()

    async def _attach(self, after: int, writer: asyncio.StreamWriter) -> ReplyBody:
        kept = sorted([*self._events, *self._progress], key=lambda event: event.sequence)
        for event in kept:
            if event.sequence > after:
                await self._send(writer, encode(event))
        return Done()

    async def _shut_down(self) -> ReplyBody:
        if self._running is not None:
            self._running.control.stop()
            await self._call(lambda: None)
            while self._running is not None:
                await asyncio.sleep(0.02)
        return Done()

    def _check(self, plain: dict[str, Any]) -> ReplyBody:
        project = _read(plain)
        if self._checker is None:
            from kerastui.engine.checking import Checker

            self._checker = Checker()
        return self._checker.check(project)

    @staticmethod
    def _summary(plain: dict[str, Any], width: int) -> str:
        from kerastui.engine.building import summary_text

        return summary_text(_read(plain), width)

    def _read_code(self, folder: str, files: tuple[str, ...]) -> Code:
        from kerastui.engine.custom.reading import read_code

        self._checker = None  # it remembers what classes gave that may be others now
        return read_code(Path(folder), files)

    def _save(self, path: Path, overwrite: bool) -> str:
        from kerastui.engine.process.run import RunError

        if self._run is None or self._run.model is None:
            raise RunError("there is no trained model yet", "f5 trains one")
        if path.suffix != ".keras":
            raise RunError(f"{path.name} must end in .keras", "give it that ending")
        if path.exists() and not overwrite:
            raise RunError(f"{path} is there already", "choose another name, or overwrite it")
        if not path.parent.is_dir():
            raise RunError(f"there is no folder {path.parent}", "make it first, or choose another")
        self._run.model.save(path)
        return str(path)

    def _tell(self, body: EventBody) -> None:
        """Tell all clients; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._publish, body)

    def _publish(self, body: EventBody) -> None:
        from kerastui.engine.process.protocol import RunStarted

        self._sequence += 1
        event = Event(self._sequence, body)
        if isinstance(body, RunStarted):
            self._events.clear()
            self._progress.clear()
        if isinstance(body, Progress):
            self._progress.append(event)
        elif not isinstance(body, Ready | Broken):
            self._events.append(event)
        if isinstance(body, RunFinished | RunFailed):
            self._ended_run(self._run)
        content = encode(event)
        for writer in list(self._clients):
            # A client that reads too slowly gets no more progress until it has caught up; the rest always goes.
            if not isinstance(body, Progress) or writer.transport.get_write_buffer_size() < 1 << 20:
                writer.write(frame(content))

    @staticmethod
    async def _send(writer: asyncio.StreamWriter, content: bytes) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            writer.write(frame(content))
            await writer.drain()

    @staticmethod
    def _load() -> Versions:
        """Import TensorFlow, some 6 s, in the worker thread."""
        gc.disable()  # importing makes no garbage; looking for it takes 0.6 s of 4.4
        try:
            import keras
            import tensorflow as tf

            importlib.import_module("kerastui.engine.checking")  # the rest of what the first check needs
        finally:
            gc.enable()

        devices = tuple(Device(item.device_type, item.name) for item in tf.config.list_physical_devices())
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return Versions(
            kerastui.__version__, platform.python_version(), tf.__version__, keras.__version__, devices, cores
        )

    def _loaded(self, future: Any) -> None:
        def tell() -> None:
            error = future.exception()
            if error is None:
                self._versions = future.result()
                self._publish(Ready(self._versions))
            else:
                self._broken = f"TensorFlow cannot be loaded: {error}"
                self._publish(Broken(self._broken))

        self._loop.call_soon_threadsafe(tell)


def _read(plain: dict[str, Any]) -> Project:
    """Read a project and see that its references hold, those of the models inside too."""
    project = from_plain(plain)
    check_references(project.graph)
    for key, graph in project.models.items():
        check_references(graph, ("models", key))
    return project
