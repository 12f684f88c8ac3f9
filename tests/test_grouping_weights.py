"""Starting weights of models inside, also of one that several layers apply, through grouping and ungrouping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from kerastui.engine.project import grouping
from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project
from kerastui.engine.project.edits import apply_edit, make_edit
from kerastui.engine.project.files import dumps, loads
from kerastui.engine.project.inside import closed, opened, tidied
from kerastui.engine.project.weights import saved_paths

CHAIN = ("enc", "dec", "head")
ALONE = {"enc": "enc", "dec": "dec"}
TWICE = {"enc": "enc", "dec": "enc"}


def inner() -> Graph:
    layers = {"norm": Layer("BatchNormalization"), "dense": Layer("Dense", {"units": 3})}
    calls = {"norm": Call("norm", ("x",)), "dense": Call("dense", ("norm",))}
    return Graph({"x": Input((3,))}, layers, calls, {"y": "dense"})


def chain(models: dict[str, str]) -> Project:
    """Return a project of two layers that apply models, and one behind them; the file has the weights of all."""
    layers = {key: Layer(MODEL, {"model": model}) for key, model in models.items()}
    calls = {key: Call(key, (before,)) for before, key in zip(("x", *CHAIN), CHAIN, strict=False)}
    graph = Graph({"x": Input((3,))}, {**layers, "head": Layer("Dense", {"units": 2})}, calls, {"y": "head"})
    return Project("p", graph=graph, models={model: inner() for model in models.values()}, weights="weights.h5")


def paths(project: Project, graph: Graph | None = None, before: str = "") -> Iterator[str]:
    for key, layer in (graph or project.graph).layers.items():
        if layer.class_name == MODEL:
            yield from paths(project, project.models[str(layer.config["model"])], f"{before}{key}/")
        else:
            yield f"{before}{key}"


SAVED = tuple(paths(chain(ALONE)))


def taken(project: Project) -> dict[str, str]:
    """Return the path that each layer has in the file, by its own."""
    return {path: was for was, path in saved_paths(project, list(paths(project)), SAVED).items()}


def done(project: Project, step: str) -> Project:
    """Take a step: `enc` ungroups that layer, `enc+dec` groups two, `outer/…` does it in a model."""
    model, _, what = step.rpartition("/")
    view, keys = opened(project, model), what.split("+")
    view = (
        grouping.group(view, keys, "sub" if model else "outer")[0] if "+" in step else grouping.ungroup(view, what)[0]
    )
    after = tidied(closed(project, model, view), project)
    assert apply_edit(after, make_edit("step", project, after).reverted()) == project
    assert loads(dumps(after), Path("kerastui.toml")) == after
    return after


@pytest.mark.parametrize(
    ("models", "steps"),
    [
        (ALONE, ("enc+dec",)),
        (ALONE, ("enc+dec", "outer/enc", "outer")),
        (ALONE, ("enc+dec", "outer/enc+dec", "outer", "sub", "enc")),
        (ALONE, ("enc", "norm+dense", "dec", "outer")),
        (TWICE, ("enc",)),
        (TWICE, ("dec",)),
        (TWICE, ("enc", "dec")),
        (TWICE, ("dec", "enc")),
        (TWICE, ("enc+dec",)),
        (TWICE, ("enc+dec", "outer/dec", "outer/enc")),
        (TWICE, ("enc+dec", "outer/dec", "outer", "enc")),
        (TWICE, ("enc/norm+dense",)),
        (TWICE, ("enc/norm+dense", "dec", "sub", "enc/sub", "enc")),
        (TWICE, ("enc/norm+dense", "enc/sub")),
    ],
)
def test_every_layer_keeps_its_weights(models: dict[str, str], steps: tuple[str, ...]) -> None:
    project = chain(models)
    assert taken(project) == {path: path for path in SAVED}
    for step in steps:
        project = done(project, step)
        assert in_order(project, taken(project)) == list(SAVED), step


def in_order(project: Project, found: dict[str, str], graph: Graph | None = None, before: str = "") -> list[str]:
    """Return what the layers take in the order of their calls, which no grouping changes in a chain."""
    graph = graph or project.graph
    order: list[str] = []
    for call in graph.calls.values():
        layer, path = graph.layers[call.layer], f"{before}{call.layer}"
        inside = project.models.get(str(layer.config.get("model", "")))
        order += in_order(project, found, inside, f"{path}/") if inside else [found.get(path, "")]
    return order


def test_a_whole_layer_that_is_new_stays_new_inside_and_outside_of_a_model() -> None:
    project = replace(chain(TWICE), weights_from={"dec": ""})
    assert set(taken(done(project, "enc+dec"))) == {"outer/enc/norm", "outer/enc/dense", "head"}
    assert set(taken(done(project, "dec"))) == {"enc/norm", "enc/dense", "head"}


def test_ungrouping_one_use_leaves_the_cards_of_the_other() -> None:
    project = replace(chain(TWICE), layout={"enc/norm": (1, 2)}, notes={"enc/norm": "why"})
    after = done(project, "dec")
    assert after.notes == {"enc/norm": "why", "norm": "why"}
    assert after.layout == {"enc/norm": (1, 2), "norm": (1, 2)}
