"""The inspector: the arguments of the selected layer, edited in place."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from kerastui.engine.catalog.catalog import Argument, catalog
from kerastui.engine.catalog.values import parse_value
from kerastui.engine.project import commands
from kerastui.engine.project.document import Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import calls_of, node_name
from kerastui.engine.studio import Studio
from kerastui.screens.build.fields import FOLDED, input_rows, layer_rows
from kerastui.screens.build.graph_view import Facts
from kerastui.screens.widgets import words
from kerastui.screens.widgets.argument_fields import entered
from kerastui.screens.widgets.form import Field, Form
from kerastui.screens.widgets.glyphs import glyphs

COMPACT = 30
"""Columns below which the form has no headings."""

_SHAPE = Argument("shape", "shape", required=True)


class Inspector(Form):
    """Show one card of the graph as a form, and change it.

    Args:
        studio: What is open.
    """

    BINDING_GROUP_TITLE = "inspector"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.graph", "back", id="inspector.leave", tooltip="back to the graph"),
    ]

    def __init__(self, studio: Studio, *, id: str | None = None) -> None:  # noqa: A002
        empty = ("nothing is selected", "", [(" a ", "on-primary bold on primary"), (" add a layer", "muted")])
        super().__init__(folded=FOLDED, empty=empty, id=id)
        self._studio = studio
        self._card: str | None = None
        self._first = "name"

    @property
    def card(self) -> str | None:
        """Id of the card that is shown."""
        return self._card

    def show_card(self, facts: Facts, key: str | None) -> None:
        """Show a card.

        Args:
            facts: What is known of the graph.
            key: Id of an input or call; `None` is nothing.
        """
        graph = facts.graph
        another, self._card = key != self._card, key
        if key is not None and key in graph.inputs:
            self.show(input_rows(facts, key))
            self.set_titles(node_name(graph, key), "Input")
        elif key is not None and key in graph.calls:
            rows = layer_rows(facts, key, self.outer_size.width < COMPACT)
            self._first = next((row.key for row in rows[1:2] if isinstance(row, Field)), "name")
            self.show(rows)
            layer = graph.calls[key].layer
            calls = calls_of(graph, layer)
            mark = [(f"{glyphs().shared} ", "accent")] if len(calls) > 1 else []
            # A shared layer's parameters are reported at its first call.
            report = facts.report(calls[0])
            counted = report is not None and report.shape is not None
            params = words.plural(report.params, "param") if report is not None and counted else ""
            name = [*mark, (node_name(graph, key), "text")]
            self.set_titles(name, graph.layers[layer].class_name, bottom_left=params)
        else:
            self.show([])
            self.set_titles("inspector")
        if another:
            # The first argument is what is changed most; names have a key of their own, f2.
            self.move_to("shape" if key in graph.inputs else self._first)

    @on(Form.Committed)
    def _committed(self, event: Form.Committed) -> None:
        event.stop()
        try:
            self._change(event.key, event.value)
        except (EditError, ValueError) as error:
            self.refuse(event.key, str(error))

    @on(Form.Reset)
    def _reset(self, event: Form.Reset) -> None:
        event.stop()
        try:
            self._change(event.key, None)
        except (EditError, ValueError) as error:
            self.refuse(event.key, str(error))

    def _change(self, field: str, given: str | bool | None) -> None:
        """Make the edit that a field stands for; `None` puts it back to its default."""
        project, key = self._studio.view, self._card or ""
        if key in project.graph.inputs:
            label, after = _changed_input(project, key, field, given)
        elif key in project.graph.calls:
            label, after = _changed_layer(project, key, field, given)
        else:
            return
        self._studio.edit(label, after)


def _renamed(project: Project, key: str, given: str | bool | None) -> tuple[str, Project]:
    own = project.graph.calls[key].layer if key in project.graph.calls else key
    name = own if given is None else str(given).strip()
    return f"rename {node_name(project.graph, key)} → {name}", commands.rename(project, key, name)


def _changed_input(project: Project, key: str, field: str, given: str | bool | None) -> tuple[str, Project]:
    """Return the label of an edit of an input, and the project after it."""
    if field == "name":
        return _renamed(project, key, given)
    found = project.graph.inputs[key]
    shape, dtype = found.shape, found.dtype
    if field == "shape":
        if given is None:
            raise ValueError("shape has no default: it is that of the data")
        shape = read_shape(str(given))
    else:
        dtype = "float32" if given is None else str(given)
    name = node_name(project.graph, key)
    label = f"set {name} {field} {words.shape(shape) if field == 'shape' else dtype}"
    return label, commands.set_input(project, key, shape, dtype)


def read_shape(text: str) -> tuple[int | None, ...]:
    """Read a shape as it is typed: `8, 8`, `(8, 8)`, `64`, `?, 3`.

    Raises:
        ValueError: It is no shape.
    """
    plain = text.replace(glyphs().unknown, "none").replace("?", "none").strip()
    try:
        value = parse_value(_SHAPE, plain if plain.startswith("(") else f"({plain},)" if plain else "()")
    except ValueError:
        raise ValueError(f"shape takes sizes such as 8, 8 or ?, 3. Received: {text!r}") from None
    sizes = value if isinstance(value, tuple) else (value,)
    found = tuple(size for size in sizes if size is None or isinstance(size, int))
    if len(found) != len(sizes):
        raise ValueError(f"shape takes sizes such as 8, 8 or ?, 3. Received: {text!r}")
    return found


def _changed_layer(project: Project, key: str, field: str, given: str | bool | None) -> tuple[str, Project]:
    """Return the label of an edit of a layer, and the project after it."""
    if field == "name":
        return _renamed(project, key, given)
    layer = project.graph.calls[key].layer
    found = project.graph.layers[layer]
    entry = catalog().layer(found.class_name)
    if entry is None:
        raise ValueError(f"there is no layer {found.class_name} in this Keras")
    path = field.split(".")
    argument = entry.argument(path[0])
    if given is None and len(path) == 1 and argument is not None and argument.required:
        raise ValueError(f"{field} has no default")
    config = entered(entry, found.config, path, given)
    name = node_name(project.graph, key)
    if path[0] in config:
        label = f"set {name} {field} {given}" if given is not None else f"reset {name} {field}"
        return label, commands.set_argument(project, layer, path[0], config[path[0]])
    return f"reset {name} {field}", commands.reset_argument(project, layer, path[0])
