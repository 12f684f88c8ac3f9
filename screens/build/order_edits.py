"""What a person does to the order of what a card takes, and of the inputs and outputs of the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from kerastui.engine.project import ordering
from kerastui.engine.project.document import Project
from kerastui.engine.project.graph import node_name, node_of, wires_into
from kerastui.screens.build.card_edits import CardEdits
from kerastui.screens.widgets.modals import Choice


class Swap(NamedTuple):
    """Hold two neighbours that can change places.

    Args:
        told: Both in words.
        command: Gives the project with them swapped.
        whole: It gives the whole project, not what is opened of it.
    """

    told: str
    command: Callable[[], Project]
    whole: bool = False


class OrderEdits(CardEdits):
    """Change the order of what a card takes, or of the inputs and outputs that it is one of."""

    def action_reorder(self) -> None:
        """Swap two neighbours: tensors that the card takes, or it with another input or output of the graph."""
        swaps = list(self._swaps())
        choices = [Choice(str(at), swap.told) for at, swap in enumerate(swaps)]
        self._ask("swap", choices, lambda at: self._swap(swaps[int(at)]))

    def can(self, action: str) -> bool:
        """Tell whether an action on cards makes sense for what is selected."""
        return any(self._swaps()) if action == "reorder" else super().can(action)

    def _swap(self, swap: Swap) -> None:
        if swap.whole:
            self._studio.do(f"swap {swap.told}", swap.command())
        else:
            self._try(f"swap {swap.told}", swap.command)

    def _swaps(self) -> Iterator[Swap]:
        """Yield the neighbours that can change places; of a selected wire, those that it is one of."""
        project, key = self._project, self.wire[1] if self.wire else self.cursor or ""
        graph = project.graph
        for one, other in pairwise(wires_into(graph, key)):
            known = self.wire is None or self.wire[2] in (one.slot, other.slot)
            if known and ordering.can_move_wire(project, key, one.slot, 1):
                told = f"{self._wire_name(one)} and {self._wire_name(other)}"
                yield Swap(told, partial(ordering.move_wire, project, key, one.slot, 1))
        if self.wire is None:
            names = {name: node_name(graph, name) for name in graph.inputs}
            yield from self._ends("inputs", list(names), {key}, names, ordering.move_input)
            own = {name for name, source in graph.outputs.items() if node_of(source) == key}
            outputs = list(graph.outputs)
            yield from self._ends(
                "outputs", outputs, own, dict(zip(outputs, outputs, strict=True)), ordering.move_output
            )

    def _ends(
        self,
        kind: str,
        keys: Sequence[str],
        own: set[str],
        names: dict[str, str],
        move: Callable[[Project, str, str, int], Project],
    ) -> Iterator[Swap]:
        """Yield neighbours among the inputs or outputs of the graph, of which one is the card."""
        for one, other in pairwise(keys):
            if not own.isdisjoint({one, other}):
                command = partial(move, self._studio.project, self._studio.model, one, 1)
                yield Swap(f"{kind} {names[one]} and {names[other]}", command, whole=True)
