"""What changed in a graph, in words: layers, wires, names, outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from kerastui.engine.project.document import Graph, Input, Layer, Spec
from kerastui.engine.project.graph import (
    calls_of,
    layer_name,
    node_name,
    node_of,
    nodes,
    order,
    port_of,
    sources,
    wired,
    wires_into,
)
from kerastui.engine.project.inside import place_of
from kerastui.engine.writing.differences import Difference, What, arguments, shown, told

Slots = dict[tuple[str, int], str]
"""Source of each wire of a call, by argument and place within it."""


def graph_differences(before: Graph, after: Graph, model: str) -> Iterator[Difference]:
    """Yield what changed in a graph.

    Args:
        before: The graph.
        after: The same, later.
        model: Id of the model inside that it is, `""` for the project's own.
    """
    yield from _Graphs(before, after, model).differences()


class _Graphs:
    """Two states of a graph, and which node of the one is which of the other."""

    def __init__(self, before: Graph, after: Graph, model: str) -> None:
        self.before, self.after, self.model = before, after, model
        self.calls = {id(graph): Counter(call.layer for call in graph.calls.values()) for graph in (before, after)}
        self.kept = {key: key for key in nodes(before) if key in after.inputs or key in after.calls}
        self.kept = {key: key for key in self.kept if (key in before.inputs) == (key in after.inputs)}
        self._find_renamed()
        self.layers = {key: key for key in before.layers if key in after.layers}
        for old, new in self.kept.items():
            if old != new and old in before.calls and before.calls[old].layer not in self.layers:
                self.layers[before.calls[old].layer] = after.calls[new].layer
        self.gone = [key for key in nodes(before) if key not in self.kept]
        kept = set(self.kept.values())
        self.new = [key for key in order(after) if key not in kept]
        self.between: dict[str, str] = {}

    def differences(self) -> Iterator[Difference]:
        """Yield all of them: what is gone, what is new, then what changed."""
        wires = [item for old, new in self.kept.items() if new in self.after.calls for item in self._wires(old, new)]
        for key in self.gone:
            yield self._removed(key)
        for key in self.new:
            yield self._added(key)
        yield from self._renamed()
        yield from self._inputs()
        yield from self._arguments()
        yield from wires
        yield from self._ends()

    def say(self, what: What, key: str, text: str) -> Difference:
        """Return a difference at a node, with the model in front of its text."""
        return Difference(what, place_of(self.model, key), f"{self.model}: {text}" if self.model else text)

    def of(self, what: What, key: str, text: str) -> Difference:
        """Return a difference whose text begins with the name of the node."""
        return Difference(what, place_of(self.model, key), place_of(self.model, text))

    def _find_renamed(self) -> None:
        """Pair nodes that are the same but for their id, each after what feeds it."""
        old, kept = [key for key in nodes(self.before) if key not in self.kept], set(self.kept.values())
        for new in order(self.after) if old else ():
            if new not in kept:
                found = next((key for key in old if key not in self.kept and self._same(key, new)), None)
                if found is not None:
                    self.kept[found] = new

    def _same(self, old: str, new: str) -> bool:
        if old in self.before.inputs and new in self.after.inputs:
            one, other = self.before.inputs[old], self.after.inputs[new]
            return (one.shape, one.dtype) == (other.shape, other.dtype) and self._feeds(old) == len(self._fed(new))
        if old in self.before.inputs or new in self.after.inputs:
            return False
        one_call, other_call = self.before.calls[old], self.after.calls[new]
        if one_call.arguments != other_call.arguments or self._slots_before(old) != self._slots(self.after, new):
            return False
        layer, later = self.before.layers[one_call.layer], self.after.layers[other_call.layer]
        return (layer.class_name, layer.config) == (later.class_name, later.config)

    def _feeds(self, key: str) -> int:
        return len([call for call in self.before.calls if key in sources(self.before, call)])

    def _fed(self, key: str) -> list[str]:
        return [call for call in self.after.calls if key in sources(self.after, call)]

    def _slots(self, graph: Graph, call: str) -> Slots:
        found: Slots = {}
        count: dict[str, int] = {}
        for wire in wires_into(graph, call):
            at = count.get(wire.argument, 0)
            count[wire.argument] = at + 1
            found[wire.argument, at] = wired(wire.source, wire.port)
        return found

    def _slots_before(self, call: str) -> Slots:
        """Return the wires that a call had, with what its sources are called now."""
        return {at: self._now(source) for at, source in self._slots(self.before, call).items()}

    def _now(self, source: str) -> str:
        return wired(self.kept.get(node_of(source), node_of(source)), port_of(source))

    def name(self, source: str) -> str:
        """Return what the source of a wire is called: as it is now, else as it was."""
        node = node_of(source)
        graph = self.after if node in self.after.inputs or node in self.after.calls else self.before
        return wired(self._called(graph, node), port_of(source))

    def _removed(self, key: str) -> Difference:
        if key in self.before.inputs:
            return self.say("removed", key, f"− {node_name(self.before, key)} ({_input(self.before.inputs[key])})")
        layer = self.before.layers[self.before.calls[key].layer]
        where = f" {self.between[key]}" if key in self.between else ""
        return self.say("removed", key, f"− {self._called(self.before, key)} ({_layer(layer)}){where}")

    def _added(self, key: str) -> Difference:
        if key in self.after.inputs:
            return self.say("added", key, f"+ {node_name(self.after, key)} ({_input(self.after.inputs[key])})")
        call = self.after.calls[key]
        layer = self.after.layers[call.layer]
        feeding = ", ".join(self.name(source) for source in self._slots(self.after, key).values())
        where = f" {self.between[key]}" if key in self.between else f" after {feeding}" if feeding else ""
        first = calls_of(self.after, call.layer)[0]
        what = _layer(layer) if first == key else f"another call of {layer_name(self.after, call.layer)}"
        given = "".join(f", {name} {shown(value)}" for name, value in call.arguments.items())
        return self.say("added", key, f"+ {self._called(self.after, key)} ({what}{given}){where}")

    def _called(self, graph: Graph, key: str) -> str:
        """Return what a node is called: a call of a shared layer by its id, since they have one name."""
        shared = key in graph.calls and self.calls[id(graph)][graph.calls[key].layer] > 1
        return key if shared else node_name(graph, key)

    def _renamed(self) -> Iterator[Difference]:
        seen: set[tuple[str, str]] = set()
        for old, new in self.kept.items():
            first, second = node_name(self.before, old), node_name(self.after, new)
            if first != second and (first, second) not in seen:
                seen.add((first, second))
                yield self.say("renamed", new, f"renamed {first} → {second}")
            elif first == second and old != new:
                yield self.say("renamed", new, f"{second}: id {old} → {new}")

    def _inputs(self) -> Iterator[Difference]:
        for old, new in self.kept.items():
            if new not in self.after.inputs:
                continue
            one, other = self.before.inputs[old], self.after.inputs[new]
            for field in ("shape", "dtype"):
                first, second = getattr(one, field), getattr(other, field)
                if first != second:
                    text = f"{node_name(self.after, new)}: {field} {shown(first)} → {shown(second)}"
                    yield self.of("changed", new, text)

    def _arguments(self) -> Iterator[Difference]:
        """Yield what changed in layers, and in what their calls are given beside tensors."""
        for old, new in self.layers.items():
            one, other = self.before.layers[old], self.after.layers[new]
            name = layer_name(self.after, new)
            if one.class_name != other.class_name:
                first, second = _layer(one), _layer(other)
                yield self.of("changed", new, f"{name}: {first} → {second}")
            else:
                yield from self._placed(new, arguments(name, one.config, other.config, other.class_name, "layer"))
        for old, new in self.kept.items():
            if new in self.after.calls:
                first_call, second_call = self.before.calls[old], self.after.calls[new]
                before, after = first_call.arguments, second_call.arguments
                yield from self._placed(new, arguments(f"{self.name(new)} (call)", before, after, "", "layer"))
                layer = self.layers.get(first_call.layer)
                if layer != second_call.layer:
                    text = f"{new}: a call of {first_call.layer} → of {layer_name(self.after, second_call.layer)}"
                    yield self.of("changed", new, text)

    def _placed(self, key: str, found: Iterator[Difference]) -> Iterator[Difference]:
        for difference in found:
            yield self.of(difference.what, key, difference.text)

    def _wires(self, old: str, new: str) -> Iterator[Difference]:
        """Yield what changed in the wires into a call, less what an added or removed card between explains."""
        before, after = self._slots_before(old), self._slots(self.after, new)
        lost = {at: source for at, source in before.items() if after.get(at) != source}
        won = {at: source for at, source in after.items() if before.get(at) != source}
        moved = [source for source in lost.values() if source in won.values()]
        if moved and sorted(lost.values()) == sorted(won.values()):
            first, second = (", ".join(map(self.name, each.values())) for each in (before, after))
            yield self.of("wired", new, f"{self.name(new)}: inputs {first} → {second}")
            return
        for at in dict.fromkeys([*lost, *won]):
            argument = f" {at[0]}" if at[0] else ""
            if at not in won:
                if lost[at] not in won.values():
                    yield self.say("wired", new, f"wire {self.name(lost[at])} → {self.name(new)}{argument} cut")
            elif at not in lost:
                if won[at] not in lost.values():
                    yield self.say("wired", new, f"wire {self.name(won[at])} → {self.name(new)}{argument} added")
            elif not self._explained(lost[at], won[at], new):
                first, second = self.name(lost[at]), self.name(won[at])
                yield self.of("wired", new, f"{self.name(new)}{argument}: takes {second} in place of {first}")

    def _explained(self, lost: str, won: str, target: str) -> bool:
        """Tell whether a card was put into a wire or taken out of it, and remember between what it stands."""
        one, other = node_of(lost), node_of(won)
        if other in self.new and one in self._above(self.after, other, self.new):
            self._stands(other, self._slots(self.after, other), target)
            return True
        if one in self.gone and self._was(other) in self._above(self.before, one, self.gone):
            self._stands(one, self._slots(self.before, one), target)
            return True
        return False

    def _stands(self, key: str, slots: Slots, target: str) -> None:
        feeding = [self.name(source) for source in slots.values()]
        words = "between" if len(feeding) == 1 else "after"
        self.between.setdefault(key, f"{words} {', '.join(feeding)} and {self.name(target)}")

    def _was(self, key: str) -> str:
        return next((old for old, new in self.kept.items() if new == key), key)

    def _above(self, graph: Graph, key: str, through: list[str]) -> set[str]:
        """Return what feeds a node by way of some others alone."""
        found: set[str] = set()
        waiting = [key]
        while waiting:
            for source in sources(graph, waiting.pop()):
                if source not in found:
                    found.add(source)
                    waiting += [source] if source in through else []
        return found

    def _ends(self) -> Iterator[Difference]:
        """Yield what changed in outputs, and in how the model takes and gives its tensors."""
        before = {name: self._now(source) for name, source in self.before.outputs.items()}
        after = self.after.outputs
        for name in before:
            if name not in after:
                yield self.say("removed", "", f"− output {name}")
        for name, source in after.items():
            if name not in before:
                yield self.say("added", "", f"+ output {name} of {self.name(source)}")
            elif before[name] != source:
                text = f"output {name}: {self.name(before[name])} → {self.name(source)}"
                yield self.say("wired", "", text)
        yield from self._order("inputs", [self.kept.get(key, key) for key in self.before.inputs], self.after.inputs)
        yield from self._order("outputs", list(before), after)
        for field, one, other in (
            ("inputs are taken", self.before.takes, self.after.takes),
            ("outputs are given", self.before.gives, self.after.gives),
        ):
            if one != other:
                first, second = (f"as a {each}" if each else "as usual" for each in (one, other))
                yield self.say("changed", "", f"{field} {first} → {second}")

    def _order(self, what: str, before: list[str], after: Mapping[str, object]) -> Iterator[Difference]:
        was = [key for key in before if key in after]
        now = [key for key in after if key in before]
        if was != now:
            yield self.say("changed", "", f"order of {what}: {', '.join(was)} → {', '.join(now)}")


def _layer(layer: Layer) -> str:
    return told(Spec(layer.class_name, layer.config))


def _input(found: Input) -> str:
    return f"Input {shown(found.shape)} {found.dtype}"
