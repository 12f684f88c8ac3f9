"""Find the state of tf_keras's optimizers in the graph of objects of a TensorFlow checkpoint or SavedModel.

The new optimizers keep lists of slots, in the order that tf_keras has the variables in; those of
`tf_keras.optimizers.legacy` have an edge of its own kind from each variable to each of its slots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kerastui.engine.keras_private import keras
from kerastui.engine.saving.bridge.optimizer_state import FACTORED, slots_of

Edge = tuple[Any, str, Any]

OLD_STEPS: Final = "iter"
"""The edge to the number of steps that only a legacy optimizer has."""

OF_TF_KERAS: Final = frozenset({OLD_STEPS, "_index_dict"})
"""Edges that only an optimizer of tf_keras has."""


@dataclass
class GraphState:
    """What belongs to what in an optimizer of tf_keras and one of Keras 3.

    Attributes:
        edges: From the optimizer, to be followed in the checkpoint; with lists in between that stand for its lists.
        slots: The slot variables of a legacy optimizer, by the id of the model's variable and the name of the slot.
        found: All variables of the optimizer that have a value in the checkpoint, and its node.
        missing: Whether there is state in the checkpoint, but not for every slot of the optimizer.
    """

    edges: list[Edge] = field(default_factory=list)
    slots: dict[tuple[int, str], Any] = field(default_factory=dict)
    found: list[tuple[Any, int]] = field(default_factory=list)
    missing: bool = False


def is_of_tf_keras(children: Mapping[str, int]) -> bool:
    """Say whether edges from an optimizer are those of tf_keras."""
    return not OF_TF_KERAS.isdisjoint(children)


def state_in_graph(nodes: Any, node: int, optimizer: Any, known: Mapping[int, Any]) -> GraphState:
    """Find the state of an optimizer.

    Args:
        nodes: The nodes of a `TrackableObjectGraph`.
        node: The optimizer's.
        optimizer: Ours, built; maybe wrapped for mixed precision.
        known: The model's variables, by their nodes.

    Returns:
        What belongs to what.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    children = {child.local_name: child.node_id for child in nodes[node].children}
    places = {id(variable): place for place, variable in enumerate(inner._trainable_variables)}
    state = GraphState()
    _add_scalars(state, nodes, children, optimizer)
    if OLD_STEPS in children:
        taken = _add_legacy_slots(state, nodes[node].slot_variables, inner, known, places)
    else:
        taken = _add_lists(state, nodes, children, optimizer, known, places)
    wanted = {
        id(slot)
        for attribute, _ in slots_of(inner)
        for slot, variable in zip(getattr(inner, attribute, None) or (), inner._trainable_variables, strict=False)
        if attribute not in FACTORED or len(variable.shape) > 1
    }
    state.missing = bool(taken) and not wanted <= taken
    return state


def _add_scalars(state: GraphState, nodes: Any, children: Mapping[str, int], optimizer: Any) -> None:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    own = {
        "iter": inner.iterations,
        "_iterations": inner.iterations,
        "learning_rate": inner._learning_rate,
        "_learning_rate": inner._learning_rate,
        "_u_product": getattr(inner, "_u_product", None),
        "momentum_cache": getattr(inner, "_u_product", None),
    }
    for name, variable in own.items():
        if name in children and isinstance(variable, keras.Variable):
            state.edges.append((optimizer, name, variable))
            state.found.append((variable, children[name]))
    if "loss_scale" in children and inner is not optimizer:
        scale = {"current_loss_scale": optimizer.dynamic_scale, "good_steps": optimizer.step_counter}
        state.edges.append((optimizer, "loss_scale", scale))
        state.edges += [(scale, name, variable) for name, variable in scale.items()]


def _add_legacy_slots(
    state: GraphState, slots: Sequence[Any], inner: Any, known: Mapping[int, Any], places: Mapping[int, int]
) -> set[int]:
    attributes = {word: attribute for attribute, words in slots_of(inner) for word in words}
    for slot in slots:
        variable = known.get(slot.original_variable_node_id)
        targets = getattr(inner, attributes.get(slot.slot_name, ""), None)
        if targets and id(variable) in places:
            target = targets[places[id(variable)]]
            state.slots[id(variable), slot.slot_name] = target
            state.found.append((target, slot.slot_variable_node_id))
    return {id(target) for target in state.slots.values()}


def _add_lists(
    state: GraphState,
    nodes: Any,
    children: Mapping[str, int],
    optimizer: Any,
    known: Mapping[int, Any],
    places: Mapping[int, int],
) -> set[int]:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    by_name = _by_name(nodes, known)
    taken: set[int] = set()
    for attribute, _ in slots_of(inner):
        targets = getattr(inner, attribute, None)
        name = next((name for name in (attribute, attribute.removeprefix("_")) if name in children), None)
        if not targets or name is None:
            continue
        stands_for = [*targets]  # a list of its own: its edges are those of the list in the checkpoint
        state.edges.append((optimizer, name, stands_for))
        for child in nodes[children[name]].children:
            variable = _owner(_full_name(nodes[child.node_id]), by_name)
            place = int(child.local_name) if variable is None else places.get(id(variable), -1)
            if not 0 <= place < len(targets):
                continue
            if attribute in FACTORED and len(inner._trainable_variables[place].shape) < 2:
                continue  # of another type in tf_keras, and never used
            state.edges.append((stands_for, child.local_name, targets[place]))
            state.found.append((targets[place], child.node_id))
            taken.add(id(targets[place]))
    return taken


def _full_name(node: Any) -> str:
    return next((str(attribute.full_name) for attribute in node.attributes), "")


def _by_name(nodes: Any, known: Mapping[int, Any]) -> dict[str, Any]:
    """The model's variables by the names they had, but for names that two of them had."""
    names = {node: _full_name(nodes[node]) for node in known}
    counts = Counter(names.values())
    return {name: known[node] for node, name in names.items() if name and counts[name] == 1}


def _owner(name: str, by_name: Mapping[str, Any]) -> Any:
    """The variable that a slot called `Adam/m/dense/kernel` is of."""
    parts = name.split("/")
    endings = ("/".join(parts[start:]) for start in range(1, len(parts)))
    return next((by_name[ending] for ending in endings if ending in by_name), None)
