"""Models inside: opened to be changed, or shown unfolded within their cards."""

from __future__ import annotations

from textual import on

from kerastui.engine.project.inside import path_to, place_of, split_place, used_models
from kerastui.engine.project.taking import model_id
from kerastui.engine.studio import Studio
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.order_edits import OrderEdits


class Opening(OrderEdits):
    """Open the models that cards stand for, and show what is inside within the cards.

    Args:
        studio: What is open.
    """

    def __init__(self, studio: Studio, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(studio, id=id)
        self._places: dict[str, str] = {}

    def enter_model(self, key: str, *within: str) -> bool:
        """Open the model that a card stands for; tell whether it is one.

        Args:
            key: Id of the card.
            *within: Ids of cards inside it, each in the model that the one before stands for: those that are models are
                opened too, and the cursor goes to the last one.
        """
        name = model_id(self._project, key)
        model = self._project.models.get(name or "")
        if name is None or model is None:
            return False
        if name in self._studio.inside or name in used_models(self._project, model):
            self._refuse(f"{name} holds itself, so that it cannot be opened")
            return True
        self._places[self._studio.model] = key
        self._studio.enter(name)
        if within and not self.enter_model(*within):
            self._places[name] = within[0]
        self._at_place()
        return True

    def go_to(self, place: str) -> None:
        """Put the cursor on a card, in whatever model it is."""
        model, node = split_place(place)
        if model != self._studio.model:
            path = path_to(self._studio.project, model)
            self._studio.leave(0)
            for each in path:
                self._studio.enter(each)
            self._at_place()
        if node in self.scene.cards:
            self.select(node)

    def leave_model(self, depth: int | None = None) -> None:
        """Go back to the graph around the model that is opened, its card under the cursor."""
        self._studio.leave(depth)
        self._at_place()

    def _at_place(self) -> None:
        """Show the graph that is opened now, with the cursor where it was in it."""
        self.mark_all(())
        self.select_wire(None)
        self.show(self._view())
        place = self._places.get(self._studio.model, "")
        if place in self.scene.cards:
            self.select(place)
        self.refresh_bindings()

    def action_enter_model(self) -> None:
        """Open the model that the card under the cursor is."""
        self.enter_model(self.cursor or "")

    # Unfolded -------------------------------------------------------------------------------------------------------

    @property
    def unfolded(self) -> bool | None:
        """Whether the graph of the card under the cursor is shown in it; `None` if the card is no model."""
        key = self.cursor or ""
        return None if model_id(self._project, key) is None else key in self.scene.view.inside

    def action_unfold(self) -> None:
        """Show the graph of the card under the cursor within it."""
        self._unfolded |= {self._place}
        self._fold_changed()

    def action_fold(self) -> None:
        """Show the graph of the card under the cursor no longer."""
        self._unfolded -= {self._place}
        self._fold_changed()

    @property
    def _place(self) -> str:
        return place_of(self._studio.model, self.cursor or "")

    def _fold_changed(self) -> None:
        self.show(self._view())
        self.refresh_bindings()

    @on(GraphCanvas.FoldWanted)
    def _fold_wanted(self, event: GraphCanvas.FoldWanted) -> None:
        event.stop()
        (self.action_fold if self.unfolded else self.action_unfold)()
