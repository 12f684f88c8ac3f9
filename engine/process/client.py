"""The client of an engine: an abstract interface, and the one over a socket. No TensorFlow."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from kerastui.engine.process import launch
from kerastui.engine.process.frames import frame, read_frame
from kerastui.engine.process.protocol import (
    PROTOCOL,
    Attach,
    Check,
    Checked,
    Code,
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
    Request,
    RequestBody,
    Resume,
    Save,
    Shutdown,
    Stop,
    Summary,
    Text,
    Train,
    Welcome,
    decode_from_engine,
    encode,
)
from kerastui.engine.project.document import Project
from kerastui.engine.project.plain import to_plain

R = TypeVar("R", bound=ReplyBody)
START_SECONDS = 20.0
"""Longest wait for a new engine's socket; the process needs some 0.3 s, TensorFlow loads after that."""

END_SECONDS = 0.5
"""Longest wait for the process of an engine that has said that it ends."""


class EngineLost(ConnectionError):
    """Say that the engine has ended or cannot be reached."""


class EngineRefused(RuntimeError):
    """Say why the engine did not do what was asked.

    Args:
        what: What went wrong, one line.
        hint: What to do next, or `""`.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what if not hint else f"{what}; {hint}")
        self.what, self.hint = what, hint


class Lost(msgspec.Struct, frozen=True):
    """Tell listeners that the engine has ended without being asked to."""


Heard = EventBody | Lost
Listener = Callable[[Heard], None]


class EngineClient(ABC):
    """Speak with an engine. Listeners are called in the event loop, in the order of the engine's events."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call a function with every event of the engine, and with `Lost` when it ends by itself."""
        self._listeners.append(listener)

    def tell(self, body: Heard) -> None:
        """Pass an event to the listeners."""
        for listener in list(self._listeners):
            listener(body)

    @property
    @abstractmethod
    def log(self) -> Path | None:
        """Path of the engine's log, `None` when there is no engine yet."""

    @abstractmethod
    async def start(self, folder: Path | None = None) -> Welcome:
        """Connect to the engine that has a project, or to a new one.

        Args:
            folder: The project's folder; an engine that trains it is joined.

        Raises:
            EngineLost: It cannot be started.
        """

    @abstractmethod
    async def request(self, body: RequestBody) -> ReplyBody:
        """Send a request and wait for its answer.

        Raises:
            EngineLost: The engine has ended.
            EngineRefused: The engine said why it does not do it.
        """

    @abstractmethod
    async def close(self) -> None:
        """Leave the engine; it goes on with what it does."""

    async def ping(self) -> None:
        """Ask for a sign of life."""
        await self.request(Ping())

    async def check(self, project: Project) -> Checked:
        """Return shapes, parameter counts and errors of every call."""
        return self._expect(await self.request(Check(to_plain(project))), Checked)

    async def summary(self, project: Project, width: int = 100) -> str:
        """Return `Model.summary()` of the project's graph, `width` columns wide."""
        return self._expect(await self.request(Summary(to_plain(project), width)), Text).text

    async def read_code(self, folder: Path, files: tuple[str, ...]) -> Code:
        """Have the engine read the code of the project in a folder, and return what it gives."""
        return self._expect(await self.request(ReadCode(str(folder.absolute()), files)), Code)

    async def train(self, project: Project, folder: Path) -> None:
        """Begin a run of the project that lies in a folder; events tell how it goes."""
        await self.request(Train(to_plain(project), str(folder.absolute())))

    async def pause(self) -> None:
        """Hold the run after the batch at hand."""
        await self.request(Pause())

    async def resume(self) -> None:
        """Let a paused run go on."""
        await self.request(Resume())

    async def stop(self) -> None:
        """End the run after the batch at hand and keep the model."""
        await self.request(Stop())

    async def save(self, path: Path, overwrite: bool = False) -> str:
        """Save the model that was last trained as a `.keras` file and return its path."""
        return self._expect(await self.request(Save(str(path.absolute()), overwrite)), Text).text

    async def attach(self, after: int = 0) -> None:
        """Ask for the events of the present or last run once more, from a number of the sequence on."""
        await self.request(Attach(after))

    async def shutdown(self) -> None:
        """End the engine and leave it; a run that goes on is stopped first and its model kept."""
        with contextlib.suppress(EngineLost):
            await self.request(Shutdown())
        await self.close()

    @staticmethod
    def _expect(reply: ReplyBody, kind: type[R]) -> R:
        if not isinstance(reply, kind):
            raise EngineRefused(f"the engine answered {type(reply).__name__}, {kind.__name__} was expected")
        return reply


class SocketClient(EngineClient):
    """Speak with an engine process over its Unix-domain socket."""

    def __init__(self) -> None:
        super().__init__()
        self._running: launch.Running | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[ReplyBody]] = {}
        self._ids = itertools.count(1)
        self._greeted = False

    @property
    def log(self) -> Path | None:
        """Path of the engine's log, `None` when there is no engine yet."""
        return Path(self._running.log) if self._running else None

    @property
    def process(self) -> int | None:
        """Process id of the engine, `None` when there is none."""
        return self._running.process if self._running else None

    async def start(self, folder: Path | None = None) -> Welcome:
        """Connect to the engine that has a project, or to a new one.

        Args:
            folder: The project's folder; an engine that trains it is joined.

        Raises:
            EngineLost: It cannot be started.
        """
        await self.close()
        self._greeted = False
        try:
            welcome = await self._join(launch.engine_of(folder)) if folder else None
            welcome = welcome or await self._greet(launch.start())
        except EngineLost:
            raise
        except OSError as error:
            raise EngineLost(f"the engine cannot be started: {error}") from None
        if welcome.protocol != PROTOCOL:
            raise EngineLost(f"the engine speaks protocol {welcome.protocol}, this program {PROTOCOL}; end it first")
        self._greeted = True
        if welcome.versions is not None:
            self.tell(Ready(welcome.versions))
        return welcome

    async def request(self, body: RequestBody) -> ReplyBody:
        """Send a request and wait for its answer.

        Raises:
            EngineLost: The engine has ended.
            EngineRefused: The engine said why it does not do it.
        """
        if self._writer is None:
            raise EngineLost("there is no engine")
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(frame(encode(Request(number, body))))
            await self._writer.drain()
            reply = await self._waiting[number]
        except (ConnectionError, RuntimeError) as error:
            if isinstance(error, EngineLost):
                raise
            raise EngineLost("the engine has ended") from None
        finally:
            self._waiting.pop(number, None)
        if isinstance(reply, Refused):
            raise EngineRefused(reply.what, reply.hint)
        return reply

    @classmethod
    async def end(cls, running: launch.Running) -> bool:
        """End an engine; one that does not answer is left alone, and no longer listed.

        Args:
            running: The engine.

        Returns:
            Whether it answered and has ended.
        """
        client = cls()
        if await client._join(running) is None:
            return False
        await client.shutdown()
        return True

    async def shutdown(self) -> None:
        """End the engine, see its process end, and leave it; a run that goes on is stopped first, its model kept."""
        running, ended = self._running, True
        try:
            await self.request(Shutdown())
        except EngineLost:
            ended = False
        await self.close()
        if running is None:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + END_SECONDS
        while launch.is_alive(running.process) and loop.time() < deadline:
            await asyncio.sleep(0.01)
        if ended:
            # It has said that all is kept; a TensorFlow that is just loading would hold it up for seconds.
            launch.kill(running)

    async def close(self) -> None:
        """Leave the engine; it goes on with what it does."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
        self._hang_up()

    async def _join(self, running: launch.Running | None) -> Welcome | None:
        """Greet an engine that was found; `None` if it is just dying: its socket outlives it for a moment."""
        if running is None:
            return None
        try:
            return await self._greet(running, seconds=0.0)  # it was written down after it listened
        except (EngineLost, OSError):
            await self.close()
            launch.unregister(running)
            return None

    async def _greet(self, running: launch.Running, seconds: float = START_SECONDS) -> Welcome:
        self._running = running
        self._reading = asyncio.create_task(self._read(await self._connect(running, seconds)))
        return self._expect(await self.request(Hello()), Welcome)

    async def _connect(self, running: launch.Running, seconds: float = START_SECONDS) -> asyncio.StreamReader:
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(running.socket)
                return reader
            except (FileNotFoundError, ConnectionRefusedError):
                if not launch.is_alive(running.process):
                    raise EngineLost(f"the engine ended at once; its log says why: {running.log}") from None
                if asyncio.get_running_loop().time() > deadline:
                    raise EngineLost(f"the engine does not answer; its log may say why: {running.log}") from None
                await asyncio.sleep(0.03)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError, msgspec.DecodeError):
            while (content := await read_frame(reader)) is not None:
                message = decode_from_engine(content)
                if isinstance(message, Event):
                    self.tell(message.body)
                else:
                    self._answered(message)
        greeted, self._reading = self._greeted, None
        self._hang_up()
        if greeted:
            self.tell(Lost())

    def _answered(self, reply: Reply) -> None:
        waiting = self._waiting.get(reply.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply.body)

    def _hang_up(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(EngineLost("the engine has ended"))
