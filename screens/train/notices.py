"""What is worth saying about a run: how it ended, what its curves do, what was saved. Nothing here draws."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from kerastui.engine.project.document import Graph
from kerastui.engine.project.graph import node_name
from kerastui.engine.project.problems import Problem
from kerastui.engine.run_state import RunState
from kerastui.engine.studio import EngineState
from kerastui.engine.training.events import EpochEnded
from kerastui.screens.train.curves import RunCurves
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line
from kerastui.screens.widgets.words import plural

Mark: TypeAlias = Literal["error", "warning", "paused", "stopped", "ok", "best", "note"]

PATIENCE = 5
"""Epochs without a better validation loss from which that is said."""
_NEAR = 1.1
"""Up to this many times its best, a validation loss counts as flat; above, as rising."""
_RISES = 3
"""Epochs in a row a training loss must rise to be called diverging."""
_FAR = 1.5
"""Times its least value a training loss must have reached to be called diverging."""


class Action(msgspec.Struct, frozen=True):
    """Name a key that does something about a notice.

    Args:
        key: The key as it is shown.
        words: What it does.
        repair: Whether it puts something right that the check then passes.
    """

    key: str
    words: str
    repair: bool = False


class Notice(msgspec.Struct, frozen=True):
    """Say one thing.

    Args:
        mark: Its kind.
        what: What it is, short.
        detail: What there is to it; one text a paragraph.
        actions: Keys that do something about it, as they are now.
    """

    mark: Mark
    what: str
    detail: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()


class Facts(msgspec.Struct, frozen=True):
    """Hold what notices are made of.

    Args:
        engine: How the engine is.
        folder: Folder of the project.
        graph: The project's graph, for the names of what is wrong.
        curves: The run, `None` while there is none.
        problem: What keeps a run from starting, `None` if nothing does.
        saved: Where the person saved the model of this run last, or `""`.
        refused: What was tried in vain and what to do, or `None`.
    """

    engine: EngineState
    folder: Path
    graph: Graph
    curves: RunCurves | None = None
    problem: Problem | None = None
    saved: str = ""
    refused: tuple[str, str] | None = None


def notices_of(facts: Facts) -> list[Notice]:
    """Return all that is to be said, what is wrong first."""
    found = [*_obstacles(facts)]
    if facts.curves is not None:
        run = facts.curves.run
        found += _ends(facts, run)
        found += observations(run.history, run.live)
        found += _outcome(facts, facts.curves)
    return found


def problem_words(problem: Problem, graph: Graph) -> str:
    """Return what is wrong, with the name of what it is about."""
    return f"{node_name(graph, problem.subject)}: {problem.what}" if problem.subject else problem.what


def _obstacles(facts: Facts) -> Iterator[Notice]:
    """Yield what keeps something from being done."""
    if facts.refused is not None:
        what, hint = facts.refused
        yield Notice("error", what, (hint,) if hint else (), (Action("esc", "close this"),))
    run = facts.curves.run if facts.curves else None
    if facts.problem is not None and not (run is not None and run.live):
        problem = facts.problem
        actions = [Action("f8", f"show it in {problem.stage.capitalize()}")]
        if problem.repair is not None:
            actions.insert(0, Action("f", problem.repair.label, repair=True))
        yield Notice(
            "error", problem_words(problem, facts.graph), (problem.hint,) if problem.hint else (), tuple(actions)
        )


def _ends(facts: Facts, run: RunState) -> Iterator[Notice]:
    """Yield how a run stands still or has ended, where that needs the person."""
    gone = facts.engine.kind in ("lost", "broken")
    log = Action("L", "log")
    actions = (log,) if gone else (Action("f5", "train again"), log)
    if run.status == "paused":
        where = f"epoch {run.progress.epoch}, step {run.progress.step}" if run.progress else "before the first step"
        yield Notice("paused", "paused", (where,), (Action("space", "go on"),))
    elif run.status == "failed":
        yield Notice("error", run.note or "the run failed", (run.hint,) if run.hint else (), actions)
    elif run.status == "lost" and not gone:
        kept = f"{plural(len(run.history), 'epoch')} kept, no model"
        yield Notice("error", f"the engine ended at epoch {_reached(run)}", (kept,), actions)
    elif run.note and run.status != "lost":
        yield Notice("warning", run.note)


def _reached(run: RunState) -> int:
    """Return the epoch in which a run ended."""
    return run.progress.epoch if run.progress is not None else len(run.history) + 1


def observations(history: Sequence[EpochEnded], live: bool) -> Iterator[Notice]:
    """Yield what the figures of the finished epochs show; the first that holds of those that exclude each other.

    Args:
        history: The finished epochs, oldest first.
        live: Whether the run goes on, and can be stopped.
    """
    stop = (Action("s", "stop, keep model"),) if live else ()
    broken = next((each for each in history if not _finite(each.logs)), None)
    if broken is not None:
        name = next(name for name in ("loss", "val_loss") if not math.isfinite(broken.logs.get(name, 0.0)))
        shown = "val loss" if name == "val_loss" else "loss"
        detail = "a lower learning rate, or scaled inputs, may help"
        yield Notice(
            "error", f"{shown} is {words.metric(broken.logs[name])} since epoch {broken.epoch}", (detail,), stop
        )
        return
    losses = [each.logs["loss"] for each in history if "loss" in each.logs]
    if diverging := _rises(losses):
        since = f"{words.metric(losses[-1 - diverging])} {glyphs().to} {words.metric(losses[-1])}"
        yield Notice("warning", f"train loss rises for {plural(diverging, 'epoch')}", (since,), stop)
    yield from _stalled(history, stop)


def _finite(logs: dict[str, float]) -> bool:
    """Tell whether the losses of an epoch are numbers."""
    return all(math.isfinite(logs.get(name, 0.0)) for name in ("loss", "val_loss"))


def _rises(losses: Sequence[float]) -> int:
    """Return for how many epochs a loss has been rising, 0 if that is little."""
    count = 0
    while count + 1 < len(losses) and losses[-1 - count] > losses[-2 - count]:
        count += 1
    least = min(losses, default=0.0)
    return count if count >= _RISES and losses[-1] > _FAR * least > 0 else 0


def _stalled(history: Sequence[EpochEnded], stop: tuple[Action, ...]) -> Iterator[Notice]:
    """Yield that the validation loss has not become better for a while."""
    judged = [each for each in history if "val_loss" in each.logs]
    if not judged:
        return
    best = min(judged, key=lambda each: each.logs["val_loss"])
    last = judged[-1]
    waited = last.epoch - best.epoch
    if waited < PATIENCE:
        return
    value, least = last.logs["val_loss"], best.logs["val_loss"]
    rising = value > least + abs(least) * (_NEAR - 1)
    what = f"val loss {'worse' if rising else 'flat'} for {plural(waited, 'epoch')}"
    detail = [f"{words.metric(least)} {glyphs().to} {words.metric(value)}"] if rising else []
    if "loss" in last.logs and last.logs["loss"] < best.logs.get("loss", -math.inf):
        gap = value - last.logs["loss"]
        detail.append(f"train {'still falls' if stop else 'fell further'}: gap {words.metric(gap, 2)}")
    yield Notice("warning", what, tuple(detail), stop)


def _outcome(facts: Facts, curves: RunCurves) -> Iterator[Notice]:
    """Yield what the run has brought so far."""
    run, best = curves.run, curves.best
    if run.status == "completed":
        yield Notice("ok", f"all {plural(len(run.history), 'epoch')} done" if len(run.history) != 1 else "1 epoch done")
    elif run.status == "early":
        yield Notice("stopped", f"ended by a callback after epoch {len(run.history)}")
    elif run.status == "stopped":
        yield Notice("stopped", f"stopped in epoch {run.progress.epoch}" if run.progress else "stopped")
    if best is not None:
        yield Notice("best", f"best epoch {best.epoch}", (f"val loss {words.metric(best.logs['val_loss'])}",))
    if facts.saved:
        yield Notice("ok", "saved", (_near(facts.saved, facts.folder),))
    if run.saved:
        save = () if facts.saved else (Action("w", "save it elsewhere"),)
        yield Notice("ok", "model kept", (_near(run.saved, facts.folder),), save)
    for epoch, before, after in reversed(curves.rate_changes):
        yield Notice("note", f"epoch {epoch}", (f"lr {words.rate(before)} {glyphs().to} {words.rate(after)}",))
    if run.progress is not None and run.progress.plan:
        what, *why = re.split("[:,] ", run.progress.plan, maxsplit=1)
        yield Notice("note", what, tuple(why))


def _near(path: str, folder: Path) -> str:
    """Return a path from the project's folder on, whole if it lies elsewhere."""
    place = Path(path)
    return str(place.relative_to(folder)) if place.is_relative_to(folder) else path


def engine_words(engine: EngineState, run: RunState | None) -> str:
    """Return what is said of an engine that is gone: `The engine ended at epoch 38. 37 epochs kept.`, say."""
    if engine.kind == "broken":
        note = engine.note or "the engine cannot start"
        return f"{note[:1].upper()}{note[1:]}"
    if run is not None and run.status == "lost":
        return f"The engine ended at epoch {_reached(run)}. {plural(len(run.history), 'epoch')} kept."
    return "The engine ended."


def empty_words(engine: EngineState, run: RunState | None, problem: Problem | None, graph: Graph) -> Line:
    """Return what stands in place of a chart without points: what is waited for, or what to do.

    Args:
        engine: How the engine is.
        run: The run, `None` while there is none.
        problem: What keeps a run from starting, `None` if nothing does.
        graph: The project's graph, for the name of what is wrong.
    """
    if run is not None and run.live:
        return "waits for the first step"
    if problem is not None:
        return ((problem_words(problem, graph), "error"), ("   ", ""), ("f8", "primary bold"), (" show it", "muted"))
    begin = "no run yet" if run is None else "nothing was recorded of this run"
    if engine.kind == "starting":
        return f"{begin}; waits for the engine"
    if engine.kind != "ready":
        return begin
    return ((f"{begin} {glyphs().separator} ", "muted"), ("f5", "primary bold"), (" train", "muted"))
