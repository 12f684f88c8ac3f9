"""Import every model of `keras.applications`: `python -m tests.applications [NAME …]`, ten minutes for all of them.

Each is made without weights, becomes a project, and the project a model again: no problems, the same number of
parameters, the same predictions to the bit, and a layout without overlaps or wires through cards.
"""

from __future__ import annotations

import argparse
import gc
import inspect
import sys
import time
from typing import Any, NamedTuple

import keras
import numpy as np

from kerastui.engine.building import build_model
from kerastui.engine.checking import Checker
from kerastui.engine.importing.project import ImportRefused, project_of
from kerastui.engine.project.document import Project
from kerastui.layout import measured, view_of
from kerastui.screens.build.canvas_view import Level

OPEN = 224
"""Height and width of an image for a model that takes any."""


class Outcome(NamedTuple):
    """What became of a model.

    Args:
        calls: How many calls its graph has, those of models inside included.
        params: Its parameters.
        wrong: What is wrong, in words.
    """

    calls: int
    params: int
    wrong: list[str]


def names() -> list[str]:
    """List the functions of `keras.applications` that make a model."""
    return sorted(name for name, value in vars(keras.applications).items() if inspect.isfunction(value))


def outcome(name: str) -> Outcome:
    """Make a model, import it and look at what it became."""
    model = getattr(keras.applications, name)(weights=None)
    try:
        imported = project_of(model, name.lower())
    except ImportRefused as error:
        return Outcome(0, model.count_params(), [str(error)])
    project = imported.project
    checked = Checker().check(project)
    wrong = [f"{problem.subject}: {problem.what}" for problem in checked.problems if problem.severity == "error"]
    if checked.params != model.count_params():
        wrong.append(f"{checked.params} parameters of {model.count_params()}")
    wrong += [line for graph in ("", *project.models) for level in Level for line in _layout(project, graph, level)]
    wrong += _predictions(model, project)
    calls = sum(len(graph.calls) for graph in (project.graph, *project.models.values()))
    return Outcome(calls, model.count_params(), wrong)


def _layout(project: Project, graph: str, level: Level) -> list[str]:
    return measured(view_of(project, graph), level, graph).wrong


def _predictions(model: Any, project: Project) -> list[str]:
    again = build_model(project)
    again.set_weights(model.get_weights())
    shape = [size or OPEN for size in model.input_shape[1:]]
    images = np.random.default_rng(3).uniform(0, 255, (1, *shape)).astype("float32")
    apart = float(np.abs(np.asarray(again(images)) - np.asarray(model(images))).max())
    return [f"predictions differ by {apart:.1e}"] if apart else []


def main() -> int:
    """Import the models and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.applications", description="Import keras.applications.")
    parser.add_argument("names", nargs="*", choices=[*names(), []], metavar="NAME", help="; ".join(names()))
    failed = 0
    chosen = parser.parse_args().names or names()
    for name in chosen:
        began = time.monotonic()
        found = outcome(name)
        keras.backend.clear_session()
        gc.collect()
        failed += bool(found.wrong)
        said = "; ".join(found.wrong) or "the same model"
        seconds = time.monotonic() - began
        print(f"{name:20} {found.calls:5,} calls {found.params:13,} parameters {seconds:4.0f} s  {said}", flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} models of keras.applications open, draw and predict the same.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
