"""One case: all ways of all peers in turn, so that what disturbs the machine hits each alike."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from statistics import median
from typing import Any

from benchmarks.training.cases import Case
from benchmarks.training.peers import WAYS, Way
from benchmarks.training.processes import Process, WorkerError
from benchmarks.training.targets import CALLS

TURN = 1.0
"""Seconds of a turn: of the epochs that go into it, at least three, the median counts."""

OUT_OF_THE_RUNNING = 1.3
"""How much slower than the best of a peer's ways one may be in its warm-up and still take part in the turns."""

HOPELESS = 3.0
"""How much slower it may be for its warm-up to go on."""

Tell = Callable[[str], None]


def measure(case: Case, peers: Iterable[str], repetitions: int, seconds: float, tell: Tell) -> dict[str, Any]:
    """Time epochs of `fit`, and calls of `evaluate` and `predict`.

    Args:
        case: The case.
        peers: Which take part.
        repetitions: Turns of each way.
        seconds: Time for all of it, after which a round of turns is the last.
        tell: Called with what is going on.

    Returns:
        `fit`: by peer, `epoch` (seconds, the median), `times` (of each turn), `way`, `plan`; `ways`: the same by way;
        `calls`: by name and peer, seconds; `devices` by family; `failed`: by way, why it did not run.
    """
    ways = [way for way in WAYS if way.peer in set(peers)]
    deadline = time.monotonic() + seconds
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        workers = {}
        for family in dict.fromkeys(way.family for way in ways):
            workers[family] = Process("benchmarks.training.worker", family, case.name, home=home)
            stack.callback(workers[family].close)
        devices = {family: worker.answer()["devices"] for family, worker in workers.items()}
        if case.deep and all("cpu" in name.lower() for names in devices.values() for name in names):
            ways = [way for way in ways if not _under_xla(way)]
        started, failed = _start(ways, workers, tell)
        found = _turns(started, workers, repetitions, deadline, tell)
        for key in started:
            if key in found:
                workers[_way(key).family].ask(do="end", key=key)
        timed: list[str] = [peer for peer in ("ours", "keras") if peer in found]
        calls = {what: _calls(what, timed, workers, repetitions) for what in CALLS}
    return {"fit": _best(found), "ways": found, "calls": calls, "devices": devices, "failed": failed}


def _way(key: str) -> Way:
    return next(way for way in WAYS if way.key == key)


def _start(ways: list[Way], workers: dict[str, Process], tell: Tell) -> tuple[dict[str, Any], dict[str, str]]:
    """Warm up each way; give what they said, and why some do not run."""
    started: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for way in ways:
        rivals = [said["epoch"] for key, said in started.items() if _way(key).peer == way.peer]
        slowest = HOPELESS * min(rivals) if rivals else _hopeless(way, started)
        if any(_way(key).peer == way.peer and _under_xla(_way(key)) for key in failed) and _under_xla(way):
            continue  # compiling takes long, and one number of steps or another does not make up for it
        try:
            said = workers[way.family].ask(do="start", key=way.key, slowest=slowest)
        except WorkerError as error:
            said = {"dropped": str(error)}
        if "dropped" in said:
            failed[way.key] = said["dropped"]
            tell(f"  {way.key}: left out, {said['dropped']}")
        else:
            started[way.key] = said
            tell(f"  {way.key}: {said['epoch'] * 1e3:.3g} ms an epoch, warm after {said['warming']:.1f} s")
    return started, failed


def _under_xla(way: Way) -> bool:
    return way.kind == "jax" or bool(way.settings.get("jit_compile"))


def _hopeless(way: Way, started: dict[str, Any]) -> float | None:
    """Give the seconds of an epoch above which a way is of no interest, whatever else its peer has."""
    if way.peer == "limit" and started:
        return HOPELESS * min(float(said["epoch"]) for said in started.values())
    default = {"tuned": "keras", "tf_keras_xla": "tf_keras"}.get(way.peer)
    return HOPELESS * float(started[default]["epoch"]) if default in started else None


def _turns(
    started: dict[str, Any], workers: dict[str, Process], repetitions: int, deadline: float, tell: Tell
) -> dict[str, Any]:
    """Let the ways take turns, but for those that are behind another of the same peer."""
    best: dict[str, float] = {}
    for key, said in started.items():
        peer = _way(key).peer
        best[peer] = min(best.get(peer, said["epoch"]), said["epoch"])
    running = [key for key, said in started.items() if said["epoch"] <= OUT_OF_THE_RUNNING * best[_way(key).peer]]
    times: dict[str, list[float]] = {key: [] for key in running}
    for turn in range(repetitions):
        if turn and time.monotonic() > deadline:
            tell(f"  time is up after {turn} of {repetitions} turns")
            break
        for key in list(running):
            try:
                times[key].append(workers[_way(key).family].ask(do="turn", key=key, seconds=TURN)["epoch"])
            except WorkerError as error:
                running.remove(key)
                tell(f"  {key}: {error}")
    return {key: {"epoch": median(times[key]), "times": times[key], "plan": started[key]["plan"]} for key in running}


def _best(found: dict[str, Any]) -> dict[str, Any]:
    """Give the fastest way of each peer; the better of XLA on and off may be the default."""
    best: dict[str, Any] = {}
    for key, timed in found.items():
        peer = _way(key).peer
        if peer not in best or timed["epoch"] < best[peer]["epoch"]:
            best[peer] = {**timed, "way": _way(key).name}
    if "tf_keras" in best and best["tf_keras"]["epoch"] < best.get("tf_keras_xla", best["tf_keras"])["epoch"]:
        best["tf_keras_xla"] = {**best["tf_keras"], "way": "no XLA"}
    return best


def _calls(what: str, peers: list[str], workers: dict[str, Process], repetitions: int) -> dict[str, float]:
    """Time the calls of one method, in turn."""
    times: dict[str, list[float]] = {peer: [] for peer in peers}
    for turn in range(repetitions + 1):
        for peer in peers:
            said = workers[peer].ask(do="call", key=peer, what=what, seconds=TURN / 2)
            if turn:  # the first compiles
                times[peer].append(said["seconds"])
    return {peer: median(found) for peer, found in times.items()}
