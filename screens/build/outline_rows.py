"""The outline as a list with a cursor: what is done to a row is done by the graph, whose cursor goes along."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import ClassVar, Final

from textual import actions, events
from textual.binding import Binding, BindingType

from kerastui.engine.studio import Studio
from kerastui.screens.build.graph_pane import ENDS, ON_CANVAS, GraphPane
from kerastui.screens.build.graph_view import facts_of
from kerastui.screens.build.outline import COLUMNS, NAME, Outline, outline
from kerastui.screens.widgets.rows import Rows

_OWN: Final = frozenset({"up", "down", "left", "right", "h", "j", "k", "l", "home", "end", "pageup", "pagedown"})
"""Keys that move in the list, as they do in the graph."""

_NOT_HERE: Final = frozenset({*ON_CANVAS, *ENDS, "on_wire", "leave"})
"""Actions of the graph that are not handed on: nothing is drawn in a list, and a model is left by going out of it."""


def _handed_on() -> Iterator[Binding]:
    """Yield the keys of the graph, each bound to the same action of the graph."""
    for binding in GraphPane.BINDINGS:
        if not isinstance(binding, Binding) or "." in binding.action or binding.action.split("(")[0] in _NOT_HERE:
            continue
        if not _OWN.isdisjoint(binding.key.split(",")):
            continue
        yield Binding(
            binding.key,
            f"hand_on({binding.action!r})",
            binding.description,
            show=binding.show,
            key_display=binding.key_display,
            id=(binding.id or binding.action).replace("graph.", "outline."),
            tooltip=binding.tooltip,
        )


class OutlineRows(Rows):
    """List the layers, with those of models inside below them.

    Args:
        studio: What is open.
    """

    BINDING_GROUP_TITLE = "outline"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "fold(True)", "fold", show=False, id="outline.fold"),
        Binding("right,l", "fold(False)", "unfold", show=False, id="outline.unfold"),
        Binding("escape", "unmark", "unmark", show=False, id="outline.unmark", tooltip="select none any more"),
        *_handed_on(),
    ]

    def __init__(self, studio: Studio, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(COLUMNS, keep_cursor=True, empty=("no layers yet",), id=id, classes="-bare")
        self._studio = studio
        self._outline = Outline()
        self._unfolded: set[str] = set()
        self._stale = False
        self._settling = False

    @property
    def _graph(self) -> GraphPane:
        return self.screen.query_one(GraphPane)

    def refresh_outline(self, stale: bool | None = None) -> None:
        """Show the project as it is now, with the cursor on the card that the graph's cursor is on.

        Args:
            stale: Whether shapes are older than the graph; as before where omitted.
        """
        self._stale = self._stale if stale is None else stale
        self._outline = outline(self._studio, self._unfolded, self._graph.marks, self._stale)
        self._settling = True
        self.show(self._outline.rows)
        self._settling = False
        if self._graph.cursor is not None:
            self.go_to(self._graph.cursor)

    def go_to(self, node: str) -> None:
        """Put the cursor on a card of the graph that is opened, unfolding the models around it."""
        models = self._studio.inside
        self._unfold_to(models)
        if key := self._outline.key_of(models, node, self.cursor_key or ""):
            self._settling = True
            self.move_to(key)
            self._settling = False

    def _unfold_to(self, models: tuple[str, ...]) -> None:
        for depth, model in enumerate(models):
            within = [key for key, each in self._outline.places.items() if each.models == models[:depth]]
            around = [key for key in within if self._outline.places[key].applies == model]
            if around and not self._unfolded.intersection(around):
                self._set_folded(around[0], False)

    def _set_folded(self, key: str, folded: bool) -> None:
        (self._unfolded.discard if folded else self._unfolded.add)(key)
        self._outline = outline(self._studio, self._unfolded, self._graph.marks, self._stale)
        self.show(self._outline.rows)

    def cursor_moved(self) -> None:
        """Have the graph's cursor go along, into the model that the row is in."""
        super().cursor_moved()
        if self.has_focus and not self._settling:
            self._follow()

    def _follow(self) -> None:
        place = self._outline.places.get(self.cursor_key or "")
        if place is None or self._graph.in_mode:
            return
        inside = self._studio.inside
        if place.models != inside:
            same = (one == other for one, other in zip(inside, place.models, strict=False))
            common = sum(1 for _ in takewhile(bool, same))
            if len(inside) > common:
                self._studio.leave(common)
            for model in place.models[common:]:
                self._studio.enter(model)
            self._graph.refresh_graph(facts_of(self._studio))
        if place.node in self._graph.scene.cards:
            self._graph.select(place.node)

    async def action_hand_on(self, action: str) -> None:
        """Do what the key does in the graph."""
        self._follow()
        await self._graph.run_action(action)
        self.refresh_outline()

    def action_select(self) -> None:
        """Open the card, as the graph does: the model that it is, or its arguments in the inspector."""
        self._follow()
        self._graph.action_open()

    def action_unmark(self) -> None:
        """Select no cards any more."""
        self._graph.clear_marks()
        self.refresh_outline()

    def on_paste(self, event: events.Paste) -> None:
        """Put in cards that the terminal pastes, after the one under the cursor."""
        self._follow()
        self._graph.on_paste(event)
        self.refresh_outline()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what the graph offers for the card."""
        if action == "hand_on":
            _, name, given = actions.parse(str(parameters[0]))
            return self.is_attached and self._graph.check_action(name, given)
        if action == "unmark":
            return self.is_attached and bool(self._graph.marks)
        if action == "fold":
            return any(place.applies or place.around for place in self._outline.places.values())
        return super().check_action(action, parameters)

    def action_fold(self, folded: bool) -> None:
        """Show the layers of the model under the cursor, or hide those that the cursor is among."""
        key = self.cursor_key or ""
        place = self._outline.places.get(key)
        if place is None:
            return
        if folded and not (place.applies and key in self._unfolded):
            key = place.around
            self.move_to(key)
        if key and (folded or place.applies):
            self._set_folded(key, folded)

    @property
    def help_title(self) -> str:
        """What the graph has help on: name and class of the card."""
        return self._graph.help_title

    @property
    def help_markdown(self) -> str:
        """What Keras says of the layer, and how the graph is used."""
        return self._graph.help_markdown

    def on_click(self, event: events.Click) -> None:
        """Fold or unfold a model by a click on its mark; the right button lists all actions; else as in every list."""
        offset, position = event.get_content_offset(self), self.target_at(event)
        super().on_click(event)
        if event.button == 3:
            self._follow()
            self._graph.action_menu()
            return
        place = self._outline.places.get(self.cursor_key or "")
        starts = {index: start for index, start, _ in self._places}
        if place is None or not place.applies or offset is None or position is None or NAME not in starts:
            return
        mark = starts[NAME] + 2 * len(place.models)
        if mark <= offset.x < mark + 2:
            self._set_folded(self.cursor_key or "", self.cursor_key in self._unfolded)
