"""The inspector: the arguments of the selected layer, edited in place."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message

from kerastui.engine.process.protocol import Checked
from kerastui.engine.project.document import Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import calls_of, node_name, nodes
from kerastui.engine.project.grouping import rename_output
from kerastui.engine.studio import Studio
from kerastui.screens.build.costs import cost_words, effect_words
from kerastui.screens.build.fields import FOLDED, input_rows, layer_rows
from kerastui.screens.build.graph_view import Facts, facts_of
from kerastui.screens.build.inspector_edits import Given, edit_of
from kerastui.screens.build.side_fields import NOTE, OPEN, ORDER, OUTPUT, applied
from kerastui.screens.widgets.form import Field, Form
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import line_width

COMPACT = 30
"""Columns below which the form has no headings."""

WORDS: Final = frozenset({"name", NOTE})
"""Fields that change no shape and no parameter: the engine is not asked about them."""

PAUSE: Final = 0.12
"""Seconds without a key after which the engine is asked what a value would do: longer than between two quick keys."""


class Inspector(Form):
    """Show one card of the graph as a form, and change it.

    Args:
        studio: What is open.
    """

    class OrderWanted(Message):
        """Say that what the card takes, or is one of, is to have another order."""

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
        self._in_sight: tuple[str, Project] | None = None
        self._weighing = False

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
        width = max(self.content_size.width - 3, 20)
        if key is not None and key in graph.inputs:
            self.show(input_rows(facts, key, width))
            self.set_titles(node_name(graph, key), "Input")
        elif key is not None and key in graph.calls:
            rows = layer_rows(facts, key, self.outer_size.width < COMPACT, width)
            self._first = next((row.key for row in rows[1:2] if isinstance(row, Field)), "name")
            self.show(rows)
            self._set_border(facts, key)
        else:
            self.show([])
            self.set_titles("inspector")
        if another:
            # The first argument is what is changed most; names have a key of their own, f2.
            self.move_to("shape" if key in graph.inputs else self._first)

    def _set_border(self, facts: Facts, key: str) -> None:
        """Name the layer, and say what it costs: parameters, operations and memory of one sample."""
        graph = facts.graph
        layer = graph.calls[key].layer
        calls = calls_of(graph, layer)
        mark = [(f"{glyphs().shared} ", "accent")] if len(calls) > 1 else []
        kind = graph.layers[layer].class_name
        room = self.outer_size.width - 6
        self.set_titles([*mark, (node_name(graph, key), "text")], kind, bottom_left=cost_words(facts, key, room))

    @on(Form.Committed)
    def _committed(self, event: Form.Committed) -> None:
        event.stop()
        self._change(event.key, event.value)

    @on(Form.Reset)
    def _reset(self, event: Form.Reset) -> None:
        event.stop()
        self._change(event.key, None)

    @on(Form.Activated)
    def _activated(self, event: Form.Activated) -> None:
        event.stop()
        project, key = self._studio.view, self._card or ""
        if event.key == ORDER:
            self.post_message(self.OrderWanted())
        if event.key == OPEN and key in project.graph.calls:
            self._studio.enter(applied(project.graph.layers[project.graph.calls[key].layer]))

    def _change(self, field: str, given: Given) -> None:
        """Make the edit that a field stands for, or say why not; `None` puts it back to its default."""
        self._in_sight = None
        if self._shown:
            try:
                if field.startswith(OUTPUT):
                    self._rename_output(field.removeprefix(OUTPUT), given)
                    return
                self._studio.edit(*edit_of(self._studio.view, self._card or "", field, given))
            except (EditError, ValueError) as error:
                self.refuse(field, str(error))

    def _rename_output(self, name: str, given: Given) -> None:
        """Give an output another name; what uses it outside of a model that is opened follows too."""
        new, studio = str(given or "").strip(), self._studio
        studio.do(f"rename output {name} → {new}", rename_output(studio.project, studio.model, name, new))

    @property
    def _shown(self) -> bool:
        """Whether the card that is shown is still there."""
        return self._card is not None and self._card in set(nodes(self._studio.view.graph))

    @on(Form.Typed)
    def _typed(self, event: Form.Typed) -> None:
        """Say what is wrong with a value in sight, or have the engine say what it would do."""
        event.stop()
        self._in_sight = None
        if not self._shown or not event.value.strip() or event.key.startswith(OUTPUT):
            return
        try:
            _, after = edit_of(self._studio.view, self._card or "", event.key, event.value)
        except (EditError, ValueError) as error:
            self.hint(event.key, str(error), error=True)
            return
        if after != self._studio.view and event.key not in WORDS:
            self._in_sight = (event.key, after)
            if not self._weighing:
                self._weighing = True
                self._weigh()

    @work(exit_on_error=False)
    async def _weigh(self) -> None:
        """Ask the engine about the value in sight once the typing pauses; one question at a time, about the newest."""
        try:
            while (wanted := self._in_sight) is not None:
                await asyncio.sleep(PAUSE)
                if self._in_sight is wanted:
                    checked = await self._studio.weigh(wanted[1])
                    if self._in_sight is wanted:
                        self._in_sight = None
                        self._tell_effect(wanted[0], checked)
        finally:
            self._weighing = False

    def _tell_effect(self, field: str, checked: Checked | None) -> None:
        if checked is not None and self._shown:
            told = effect_words(facts_of(self._studio), checked, self._card or "")
            line = f" {glyphs().separator} ".join(told)
            narrow = line_width(line) > self.content_size.width - 4
            self.hint(field, "\n".join(told) if narrow else line)
