"""Every message between the engine and its clients. MessagePack on the wire, one frame a message (`frames.py`).

A client sends `Request`s, each answered by one `Reply` with the same id. The engine sends `Event`s on its own, numbered
in one sequence, so that a client that comes back asks for what it missed (`Attach`). A project travels in its plain
form (`project/plain.py`).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from kerastui.engine.catalog.catalog import Entry
from kerastui.engine.custom.files import Fault
from kerastui.engine.project.graph import node_of, port_of
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.problems import Problem
from kerastui.engine.training.events import EpochEnded, Paused, Progress, Resumed

PROTOCOL = 1
"""Version of the messages; engine and client refuse each other when it differs."""


class Message(msgspec.Struct, frozen=True, tag=True):
    """Base of everything that travels; its class name is its tag."""


# Requests -----------------------------------------------------------------------------------------------------------


class Hello(Message, frozen=True):
    """Open a connection; answered by `Welcome`.

    Args:
        protocol: Version of the messages that the client speaks.
    """

    protocol: int = PROTOCOL


class Ping(Message, frozen=True):
    """Ask for a sign of life; answered by `Done` without waiting for TensorFlow."""


class Check(Message, frozen=True):
    """Ask for shapes, parameter counts and errors of each call; answered by `Checked`."""

    project: dict[str, Any]


class Summary(Message, frozen=True):
    """Ask for `Model.summary()` of the project's graph; answered by `Text`."""

    project: dict[str, Any]
    width: int = 100


class ReadCode(Message, frozen=True):
    """Read the project's own code, if the person trusts it; answered by `Code`.

    Args:
        folder: The project's folder, absolute.
        files: Files beside `layers.py`, as the document lists them.
    """

    folder: str
    files: tuple[str, ...] = ()


class Train(Message, frozen=True):
    """Train the project; answered by `Done` once the run has its folder, events follow.

    Args:
        project: The project, in its plain form.
        folder: The project's folder, absolute.
    """

    project: dict[str, Any]
    folder: str


class Pause(Message, frozen=True):
    """Hold the run after the batch at hand; answered by `Done`."""


class Resume(Message, frozen=True):
    """Let a paused run go on; answered by `Done`."""


class Stop(Message, frozen=True):
    """End the run after the batch at hand and keep the model; answered by `Done`."""


class Save(Message, frozen=True):
    """Save the model that was last trained, as a `.keras` file; answered by `Text` with its path.

    Args:
        path: Where to, absolute.
        overwrite: Replace a file that is there.
    """

    path: str
    overwrite: bool = False


class Attach(Message, frozen=True):
    """Ask for the events of the present or last run after a number of the sequence; answered by `Done`, they follow."""

    after: int = 0


class Shutdown(Message, frozen=True):
    """End the engine; answered by `Done`. A run that goes on is stopped first and its model kept."""


RequestBody: TypeAlias = (
    Hello | Ping | Check | Summary | ReadCode | Train | Pause | Resume | Stop | Save | Attach | Shutdown
)


# Replies ------------------------------------------------------------------------------------------------------------


class Device(msgspec.Struct, frozen=True):
    """Name a device TensorFlow can use: its kind (`CPU`, `GPU`) and its name."""

    kind: str
    name: str


class Versions(msgspec.Struct, frozen=True):
    """Say what the engine runs on.

    Args:
        kerastui: Version of this program.
        python: Version of Python.
        tensorflow: Version of TensorFlow.
        keras: Version of Keras.
        devices: Devices TensorFlow can use.
        cores: CPU cores this process may use.
    """

    kerastui: str
    python: str
    tensorflow: str
    keras: str
    devices: tuple[Device, ...]
    cores: int


class Welcome(Message, frozen=True):
    """Answer `Hello`.

    Args:
        protocol: Version of the messages that the engine speaks.
        process: Process id.
        versions: What it runs on; `None` while TensorFlow is still loading (`Ready` follows).
        project: Folder of the project it trains or trained last, or `""`.
        running: Whether a run is going on.
        sequence: Number of the last event.
    """

    protocol: int
    process: int
    versions: Versions | None
    project: str
    running: bool
    sequence: int


class Done(Message, frozen=True):
    """Say that a request was carried out."""


class Text(Message, frozen=True):
    """Answer with a text."""

    text: str


class Refused(Message, frozen=True):
    """Say why a request was not carried out.

    Args:
        what: What went wrong, one line.
        hint: What to do next, or `""`.
    """

    what: str
    hint: str = ""


class TensorReport(msgspec.Struct, frozen=True):
    """Say what one output of a call is.

    Args:
        port: Name of the output: its number, its key, or the name a model inside gives it.
        shape: Shape with the batch axis first, `None` where a size is unknown.
        dtype: Data type.
    """

    port: str
    shape: tuple[int | None, ...]
    dtype: str


class CallReport(msgspec.Struct, frozen=True):
    """Say what a call gives.

    Args:
        shape: Shape of its first output with the batch axis first, `None` where unknown; `None` when not computed.
        dtype: Data type of its first output.
        params: Parameters of its layer; 0 at every further call of a shared layer.
        trainable: Those of them that training changes.
        waits: It was not computed, because something above it is wrong or missing.
        outputs: All outputs, where there are several.
        flops: Floating-point operations for one sample; a multiplication and the addition after it are two.
        memory: Bytes of its outputs for one sample.
    """

    shape: tuple[int | None, ...] | None = None
    dtype: str = ""
    params: int = 0
    trainable: int = 0
    waits: bool = False
    outputs: tuple[TensorReport, ...] = ()
    flops: int = 0
    memory: int = 0

    def tensor(self, port: str = "") -> TensorReport | None:
        """Return the output of that name, the first for `""`; `None` if there is none or it is not computed."""
        if self.shape is None:
            return None
        if not port:
            return self.outputs[0] if self.outputs else TensorReport("", self.shape, self.dtype)
        return next((item for item in self.outputs if item.port == port), None)


class Checked(Message, frozen=True):
    """Answer `Check`.

    Args:
        calls: Report of each call, by place: its id, `MODEL/ID` for one of a model inside.
        problems: What is wrong, with the place of the call that caused it.
        params: Parameters in all, shared ones once.
        trainable: Trainable parameters in all.
    """

    calls: dict[str, CallReport]
    problems: tuple[Problem, ...]
    params: int
    trainable: int

    def tensor(self, source: str, model: str = "") -> TensorReport | None:
        """Return what a source of a graph gives, if it is a call that was computed.

        Args:
            source: Id of a call, and perhaps one of its outputs.
            model: Id of the model that the graph is; `""` is the project's own.
        """
        report = self.calls.get(place_of(model, node_of(source)))
        return report.tensor(port_of(source)) if report else None

    @property
    def flops(self) -> int:
        """Floating-point operations for one sample, of the project's own graph with all that is inside."""
        return sum(report.flops for place, report in self.calls.items() if "/" not in place)

    @property
    def memory(self) -> int:
        """Bytes of all activations for one sample."""
        return sum(report.memory for place, report in self.calls.items() if "/" not in place)


class Code(Message, frozen=True):
    """Answer `ReadCode`.

    Args:
        files: The files with code, `layers.py` first.
        entries: What they give, as the catalog describes it; of a file that is broken what it gave before.
        errors: Why files cannot be run.
        notes: What should be known, such as a name that Keras has too.
        trusted: Whether they were run at all.
    """

    files: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    errors: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()
    trusted: bool = True


ReplyBody: TypeAlias = Welcome | Done | Text | Refused | Checked | Code


# Events -------------------------------------------------------------------------------------------------------------


class Told(msgspec.Struct, frozen=True, tag_field="event", tag=True):
    """Base of the engine's own events; those of a training (`kerastui.engine.training.events`) travel beside them."""


class Ready(Told, frozen=True):
    """Say that TensorFlow is loaded."""

    versions: Versions


class Broken(Told, frozen=True):
    """Say that TensorFlow cannot be loaded, and why."""

    what: str


class RunStarted(Told, frozen=True):
    """Say that a run has begun.

    Args:
        run: Number of the run.
        folder: Folder of the run.
        project: The project as it is trained, in its plain form.
        epochs: Epochs to do.
        steps: Steps an epoch.
        samples: Samples of the training part.
        params: Parameters of the model.
        note: What should be known, such as which layers start from new weights, or `""`.
    """

    run: int
    folder: str
    project: dict[str, Any]
    epochs: int
    steps: int
    samples: int
    params: int
    note: str = ""


class RunFinished(Told, frozen=True):
    """Say that a run has ended and its model is kept.

    Args:
        reason: `"completed"`, `"stopped"` (by the person) or `"early"` (by a callback).
        epochs: Epochs done.
        metrics: Loss and metrics of the last epoch.
        saved: Path of the `.keras` file in the run's folder, or `""` when it could not be written.
        note: What should be known, such as why it could not be written, or `""`.
    """

    reason: str
    epochs: int
    metrics: dict[str, float]
    saved: str
    note: str = ""


class RunFailed(Told, frozen=True):
    """Say that a run has ended by an error.

    Args:
        what: What went wrong, one line.
        hint: What to do next.
    """

    what: str
    hint: str


EventBody: TypeAlias = Ready | Broken | RunStarted | Progress | EpochEnded | Paused | Resumed | RunFinished | RunFailed


# Envelopes ----------------------------------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True):
    """Carry a request; `id` comes back in the reply."""

    id: int
    body: RequestBody


class Reply(msgspec.Struct, frozen=True, tag="reply"):
    """Carry the answer to a request."""

    id: int
    body: ReplyBody


class Event(msgspec.Struct, frozen=True, tag="event"):
    """Carry an event; `sequence` counts all events of an engine from 1."""

    sequence: int
    body: EventBody


FromEngine: TypeAlias = Reply | Event


def encode(message: Request | Reply | Event) -> bytes:
    """Return a message as MessagePack."""
    return msgspec.msgpack.encode(message)


def decode_request(content: bytes) -> Request:
    """Read a request.

    Raises:
        msgspec.DecodeError: The bytes are no request.
    """
    return msgspec.msgpack.decode(content, type=Request)


def decode_from_engine(content: bytes) -> FromEngine:
    """Read a reply or an event.

    Raises:
        msgspec.DecodeError: The bytes are neither.
    """
    message: FromEngine = msgspec.msgpack.decode(content, type=FromEngine)
    return message
