"""What a person does to the cards of a graph: edits of the document, with questions where there is a choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from textual import events, on, work

from kerastui.engine.project import arranging, commands, copies, grouping, swapping
from kerastui.engine.project.document import MODEL, Input, Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import node_of, sources, wired, wires_into
from kerastui.screens.build.adding import Purpose
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.graph_edits import GraphEdits
from kerastui.screens.widgets.modals import Choice, Choose, Prompt


class CardEdits(GraphEdits):
    """Change the cards of the graph that is shown."""

    def _ask_text(
        self,
        title: str,
        value: str,
        command: Callable[[str], Project],
        label: Callable[[str], str],
        whole: bool = False,
        select: Callable[[str], str] | None = None,
    ) -> None:
        """Ask for a text that a command can use, and make the edit.

        Args:
            title: What is asked for.
            value: Text to start from.
            command: Gives the project with the text; what it refuses is said while it is typed.
            label: What is done, for the history.
            whole: The command gives the whole project, not what is opened of it.
            select: Gives the id of the card to select afterwards; the one under the cursor where omitted.
        """

        def check(text: str) -> str:
            try:
                command(text)
            except EditError as error:
                return str(error)
            return ""

        def use(text: str | None) -> None:
            if text is not None and whole:
                self._studio.do(label(text), command(text))
            elif text is not None:
                self._try(label(text), lambda: command(text), select(text) if select else None)

        self.app.push_screen(Prompt(title, value=value, check=check), use)

    # One card -------------------------------------------------------------------------------------------------------

    def action_rename(self) -> None:
        """Ask for another name of the layer or input."""
        key = self.cursor
        if key is not None:
            name = self._card_name(key)
            self._ask_text(
                f"rename {name}",
                name,
                lambda text: commands.rename(self._project, key, text),
                lambda text: f"rename {name} → {text}",
            )

    def action_note(self) -> None:
        """Ask for what is to be written on the card."""
        key = self.cursor
        if key is not None:
            name = self._card_name(key)
            self._ask_text(
                f"note on {name}",
                self._project.notes.get(key, ""),
                lambda text: arranging.set_note(self._project, key, text),
                lambda text: f"note on {name}",
            )

    def action_output(self) -> None:
        """Make the card an output, or no longer, asking which of its outputs where there are several."""
        key = self.cursor
        if key is not None:
            ports = self._facts().ports(key)
            choices = [self._port_choice(key, port, at) for at, port in enumerate(ports)]
            self._ask(f"output {self._card_name(key)}", choices or [Choice("")], lambda port: self._toggle(key, port))

    def _port_choice(self, key: str, port: str, at: int) -> Choice:
        source = wired(key, port if at else "")
        ends = self._project.graph.outputs.items()
        names = [name for name, end in ends if end == source]
        return Choice(port if at else "", port or "first", f"is output {names[0]}; take it back" if names else "")

    def _toggle(self, key: str, port: str) -> None:
        graph, source = self._project.graph, wired(key, port)
        there = source in graph.outputs.values() if port else key in map(node_of, graph.outputs.values())
        verb = "no output" if there else "output"
        self._try(f"{self._card_name(key)}: {verb}", lambda: commands.toggle_output(self._project, source))

    def action_rename_output(self) -> None:
        """Ask for another name of an output that is taken from the card."""
        key, model = self.cursor or "", self._studio.model
        names = [name for name, end in self._project.graph.outputs.items() if node_of(end) == key]

        def rename(name: str) -> None:
            self._ask_text(
                f"rename output {name}",
                name,
                lambda text: grouping.rename_output(self._studio.project, model, name, text),
                lambda text: f"rename output {name} → {text}",
                whole=True,
            )

        self._ask("rename output", [Choice(name) for name in names], rename)

    def action_swap(self) -> None:
        """Ask for another class of the layer."""
        if self.cursor in self._project.graph.calls:
            self.post_message(self.LayerWanted(Purpose(replace=self.cursor or "")))

    def action_share(self) -> None:
        """Call the same layer on another input, which is asked for."""
        key = self.cursor
        if key is None:
            return
        fed = set(sources(self._project.graph, key))
        cards = self.scene.cards
        others = [Choice(each, self._card_name(each), cards[each].shape_text) for each in cards if each not in fed]
        choices = [*others, Choice("", "nothing yet", "connect it later")]

        def share(source: str | None) -> None:
            if source is not None:
                after, new = copies.share(self._project, key, source or None)
                self._edit(f"share {self._card_name(key)}", after, select=new)

        self.app.push_screen(Choose(f"call {self._card_name(key)} on", choices), share)

    # Several cards --------------------------------------------------------------------------------------------------

    def action_delete(self) -> None:
        """Delete the selected wire, the selected cards, or the card under the cursor."""
        if self.wire is not None:
            self.action_cut()
            return
        keys = self.chosen
        if keys:
            near = [source for key in keys for source in sources(self._project.graph, key) if source not in keys]
            after = commands.delete(self._project, keys)
            self._edit(f"delete {self._told(keys)}", after, select=near[0] if near else None)

    def action_duplicate(self) -> None:
        """Copy the selected cards, with layers of their own."""
        self._put(f"duplicate {self._told(self.chosen)}", lambda: copies.duplicate(self._project, self.chosen))

    def _put(self, label: str, command: Callable[[], tuple[Project, list[str]]]) -> None:
        """Make an edit that brings cards, and select them."""
        try:
            after, new = command()
        except EditError as error:
            self._refuse(str(error))
            return
        self._edit(label, after, select=new[0] if new else None)
        self.mark_all(new if len(new) > 1 else ())

    def action_copy(self) -> None:
        """Put the selected cards on the clipboard, as text."""
        keys = self.chosen
        if keys:
            self.app.copy_to_clipboard(copies.copy_text(self._project, keys))
            self.notify(f"copied {self._told(keys)}", timeout=3)

    def action_paste(self) -> None:
        """Put in the cards that were copied last."""
        self._paste(self.app.clipboard)

    def on_paste(self, event: events.Paste) -> None:
        """Put in cards that the terminal pastes, from wherever they were copied."""
        event.stop()
        self._paste(event.text)

    def _paste(self, text: str) -> None:
        if not text.strip():
            self._refuse("nothing was copied yet; y copies the selected cards")
            return
        self._put("paste", lambda: copies.paste_text(self._project, text, self.cursor))

    @work(group="import", exclusive=True, exit_on_error=False)
    async def action_import_model(self) -> None:
        """Ask for a model, and put it behind the card under the cursor, with its weights."""
        from kerastui.engine.process.importing import bring_model
        from kerastui.engine.project.bringing import bring
        from kerastui.screens.widgets.import_model import ModelFile, import_model, name_of

        studio = self._studio
        folder, model = studio.open_workspace.folder, studio.model
        source = await self.app.push_screen_wait(ModelFile(folder))
        if source is None:
            return
        name = name_of(source)
        brought = await import_model(
            self.app, source, lambda text, unsafe: bring_model(text, name, studio.project, model, folder, unsafe)
        )
        if brought is None:
            return
        try:
            after, key = bring(studio.project, model, brought.project, self.cursor, brought.weights)
        except EditError as error:
            self._refuse(str(error))
            return
        studio.do(f"import {source.name}", after)
        self.show(self._view())
        if key is not None:
            self.select(key)
        if brought.left_out:
            self.notify(f"without {', '.join(brought.left_out)}", title="imported", timeout=8, markup=False)

    def action_group(self) -> None:
        """Ask for a name, and make a model of the selected cards."""
        keys = self.chosen
        known = self._known(keys)

        def grouped(name: str) -> tuple[Project, str]:
            return grouping.group(self._project, keys, name.strip(), known)

        try:
            _, new = grouped("")
        except EditError as error:
            self._refuse(str(error))
            return
        self._ask_text(
            f"group {self._told(keys)} as",
            new,
            lambda name: grouped(name)[0],
            lambda name: f"group {name}",
            select=lambda name: grouped(name)[1],
        )

    def _known(self, keys: list[str]) -> dict[str, Input]:
        """Return shapes and types of what feeds some cards, as far as the engine has told them."""
        facts = self._facts()
        wires = [wire for key in keys for wire in wires_into(self._project.graph, key)]
        ends = {wired(wire.source, wire.port) for wire in wires}
        return {end: Input(shape[1:], facts.dtype(end)) for end in ends if (shape := facts.shape(end)) is not None}

    def action_ungroup(self) -> None:
        """Put the layers of the model under the cursor in its place."""
        key = self.cursor
        if key is not None:
            self._put(f"ungroup {self._card_name(key)}", lambda: grouping.ungroup(self._project, key))

    def action_freeze(self) -> None:
        """Keep the selected layers from being trained, or train them again."""
        keys = self.chosen
        calls = self._project.graph.calls
        frozen = [swapping.is_frozen(self._project.graph.layers[calls[key].layer]) for key in keys if key in calls]
        verb = "unfreeze" if frozen and all(frozen) else "freeze"
        if keys:
            self._try(f"{verb} {self._told(keys)}", lambda: swapping.freeze(self._project, keys))

    def action_align(self) -> None:
        """Put the selected cards below each other or side by side, as is chosen."""
        keys = sorted(self.chosen, key=lambda key: key != self.cursor)
        at = {key: self.scene.stored(self.scene.box(key).x, self.scene.box(key).y, key) for key in keys}

        def align(along: str) -> None:
            way: Literal["column", "row"] = "row" if along == "row" else "column"
            self._try(f"align {self._told(keys)}", lambda: arranging.align(self._project, at, way))

        choices = [Choice("column", "in a column", "below each other"), Choice("row", "in a row", "side by side")]
        self._ask("align", choices, align)

    @on(GraphCanvas.CardsMoved)
    def _moved(self, event: GraphCanvas.CardsMoved) -> None:
        event.stop()
        label = f"move {self._told(list(event.positions))}"
        self._try(label, lambda: arranging.move(self._project, event.positions))

    def action_lay_out(self) -> None:
        """Place all cards automatically."""
        self._edit("lay out", arranging.lay_out(self._project))

    def can(self, action: str) -> bool:
        """Tell whether an action on cards makes sense for what is selected."""
        key, graph = self.cursor or "", self._project.graph
        call = graph.calls.get(key)
        if action in ("share", "swap"):
            return call is not None
        if action == "ungroup":
            return call is not None and graph.layers[call.layer].class_name == MODEL
        if action in ("group", "freeze"):
            return any(each in graph.calls for each in self.chosen)
        if action == "rename_output":
            return key in map(node_of, graph.outputs.values())
        if action == "align":
            return len(self.chosen) > 1
        if action == "lay_out":
            return bool(self._project.layout)
        return bool(key)
