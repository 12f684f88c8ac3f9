"""Draw an edit of any kind, for property tests."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from kerastui.engine.project import arranging, commands, copies, grouping, ordering, settings, swapping
from kerastui.engine.project.document import Column, Fit, Project, Spec, Split, Value
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import nodes
from kerastui.engine.project.inside import closed, opened, tidied

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), TEXT
)
NAMES = st.sampled_from(["units", "rate", "activation", "kernel_size", "alpha"])
CLASSES = st.sampled_from(["Dense", "Add", "Conv2D", "LSTM", "MultiHeadAttention", "Nonsense"])
VALUES: st.SearchStrategy[Value] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.builds(Spec, st.sampled_from(["L2", "HeNormal"]), st.dictionaries(NAMES, inner, max_size=2)),
    ),
    max_leaves=4,
)


def pick(data: st.DataObject, project: Project) -> str:
    """Draw the id of a node, or of none that exists."""
    return data.draw(st.sampled_from([*nodes(project.graph), "nobody"]))


def some(data: st.DataObject, project: Project) -> list[str]:
    """Draw the ids of some nodes."""
    return data.draw(st.lists(st.sampled_from([*nodes(project.graph), "nobody"]), max_size=4, unique=True))


def place(data: st.DataObject) -> tuple[int, int]:
    """Draw a cell."""
    return data.draw(st.integers(0, 99)), 5 * data.draw(st.integers(0, 9))


def port(data: st.DataObject, project: Project) -> str:
    """Draw a source: a node, perhaps with a port."""
    return pick(data, project) + data.draw(st.sampled_from(["", "", ":1", ":dense"]))


def steps(data: st.DataObject, project: Project) -> dict[str, Callable[[], Project]]:
    """Return every command for a graph by name, each with what it is drawn for when it is called."""

    def draw(strategy: st.SearchStrategy[Value]) -> Value:
        return data.draw(strategy)

    return {
        "input": lambda: commands.add_input(project, (data.draw(st.integers(1, 9)), None))[0],
        "layer": lambda: commands.add_layer(project, data.draw(CLASSES), {}, pick(data, project))[0],
        "more": lambda: commands.add_layer(project, data.draw(CLASSES), {}, pick(data, project))[0],
        "insert": lambda: commands.insert_layer(project, "Dropout", {}, pick(data, project), pick(data, project))[0],
        "connect": lambda: commands.connect(
            project,
            port(data, project),
            pick(data, project),
            data.draw(st.booleans()),
            data.draw(st.sampled_from(["", "initial_state"])),
        ),
        "cut": lambda: commands.disconnect(project, pick(data, project), pick(data, project)),
        "reorder": lambda: ordering.move_wire(
            project, pick(data, project), data.draw(st.integers(0, 2)), data.draw(st.integers(-2, 2))
        ),
        "delete": lambda: commands.delete(project, some(data, project)),
        "rename": lambda: commands.rename(project, pick(data, project), data.draw(st.sampled_from(["a", "b", "ü"]))),
        "set": lambda: commands.set_argument(project, pick(data, project), data.draw(NAMES), draw(VALUES)),
        "reset": lambda: commands.reset_argument(project, pick(data, project), data.draw(NAMES)),
        "shape": lambda: commands.set_input(project, pick(data, project), (data.draw(st.integers(0, 9)),), "int32"),
        "output": lambda: commands.toggle_output(project, port(data, project)),
        "move": lambda: arranging.move(project, {key: place(data) for key in some(data, project)}),
        "align": lambda: arranging.align(
            project, {key: place(data) for key in some(data, project)}, data.draw(st.sampled_from(["column", "row"]))
        ),
        "tidy": lambda: arranging.lay_out(project),
        "note": lambda: arranging.set_note(project, pick(data, project), data.draw(TEXT)),
        "duplicate": lambda: copies.duplicate(project, some(data, project))[0],
        "paste": lambda: copies.paste_text(project, copies.copy_text(project, some(data, project)))[0],
        "share": lambda: copies.share(project, pick(data, project), pick(data, project))[0],
        "group": lambda: grouping.group(project, some(data, project), data.draw(st.sampled_from(["", "dense", "m"])))[
            0
        ],
        "ungroup": lambda: grouping.ungroup(project, pick(data, project))[0],
        "swap": lambda: swapping.swap(project, pick(data, project), data.draw(CLASSES))[0],
        "freeze": lambda: swapping.freeze(project, some(data, project)),
    }


def setting_steps(data: st.DataObject, project: Project) -> dict[str, Callable[[], Project]]:
    """Return every command for the settings of a project by name."""
    return {
        "column": lambda: settings.set_column(project, data.draw(TEXT), Column("target", "label")),
        "source": lambda: settings.set_source(project, data.draw(TEXT), {data.draw(TEXT): Column()}),
        "split": lambda: settings.set_split(project, Split(validation=data.draw(st.floats(0, 1)))),
        "fit": lambda: settings.set_fit(project, epochs=data.draw(st.integers(0, 9))),
        "seed": lambda: settings.set_fit(
            project, seed=data.draw(st.sampled_from([None, 1])), callbacks=Fit().callbacks
        ),
        "compile": lambda: settings.set_compile(project, steps_per_execution=data.draw(st.integers(0, 9))),
        "loss": lambda: settings.set_loss(project, output(data, project), Spec("MeanSquaredError")),
        "metrics": lambda: settings.set_metrics(project, output(data, project), (Spec("MeanSquaredError"),)),
        "optimizer": lambda: settings.set_optimizer(project, Spec("Adam", {"learning_rate": data.draw(VALUES)})),
        "rename output": lambda: grouping.rename_output(
            project,
            model := data.draw(st.sampled_from(["", *project.models])),
            data.draw(st.sampled_from([*(project.models[model] if model else project.graph).outputs, "none"])),
            data.draw(st.sampled_from(["out", "dense", "ü"])),
        ),
    }


def order_steps(data: st.DataObject, project: Project) -> dict[str, Callable[[], Project]]:
    """Return the commands for the order of inputs and outputs of a graph of the project by name."""
    model = data.draw(st.sampled_from(["", *project.models]))
    graph = project.models[model] if model else project.graph
    by = data.draw(st.integers(-2, 2))
    return {
        "input": lambda: ordering.move_input(project, model, data.draw(st.sampled_from([*graph.inputs, "nobody"])), by),
        "output": lambda: ordering.move_output(
            project, model, data.draw(st.sampled_from([*graph.outputs, "nothing"])), by
        ),
    }


def output(data: st.DataObject, project: Project) -> str:
    """Draw the name of an output, or of none that exists."""
    return data.draw(st.sampled_from([*project.graph.outputs, "nothing"]))


def random_step(data: st.DataObject, project: Project) -> Project:
    """Draw one command, in the project's graph or a model inside, and apply it as the studio does.

    What it refuses leaves the project as it is.
    """
    try:
        kind = data.draw(st.integers(0, 5))
        if kind < 2:
            found = setting_steps(data, project) if kind else order_steps(data, project)
            return tidied(_drawn(data, found), project)
        model = data.draw(st.sampled_from(["", *project.models]))
        return tidied(closed(project, model, _drawn(data, steps(data, opened(project, model)))), project)
    except EditError:
        return project


def _drawn(data: st.DataObject, found: dict[str, Callable[[], Project]]) -> Project:
    return found[data.draw(st.sampled_from(sorted(found)))]()
