"""TensorFlow checkpoints of a model, whose variables are found by both Keras 3's and tf.keras's names.

A checkpoint is a graph of named edges. Keras 3 and tf.keras name the edges of the same model differently
(`_operations/1/_kernel`, `layer_with_weights-0/kernel`), so what is written has the edges of both, and what is read is
matched by either.
"""

from __future__ import annotations

import copy
import glob
import itertools
import os
import shutil
import tempfile
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from kerastui.engine.keras_private import keras
from kerastui.engine.saving.bridge.optimizer_graph import Edge, GraphState, is_of_tf_keras, state_in_graph
from kerastui.engine.saving.bridge.optimizer_state import warn_of_legacy_nadam
from kerastui.engine.saving.hdf5_weights import Mismatch, settle

_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"

# The optimizers of the two number `_variables` differently, and agree on `_momentums` and the like.
_NOT_FOLLOWED = frozenset({"_trainable_variables", "_non_trainable_variables"})
_NOT_FOLLOWED_IN_OPTIMIZERS = _NOT_FOLLOWED | {"_variables"}


class _Node(tf.__internal__.tracking.AutoTrackable):  # type: ignore[misc]  # TensorFlow ships no types
    """Stands in the checkpoint for a layer, model, optimizer or container, with the edges that it is given."""


class _WithSlots(_Node):
    """Stands for an optimizer; TensorFlow asks it for the slots that legacy optimizers of tf_keras have."""

    def __init__(self, slots: dict[tuple[int, str], Any]) -> None:
        super().__init__()
        object.__setattr__(self, "slots", slots)  # TensorFlow would track it as state

    def _create_or_restore_slot_variable(self, slot_variable_position: Any, slot_name: str, variable: Any) -> Any:
        return self.slots.get((id(variable), slot_name))


def is_checkpoint(prefix: str) -> bool:
    """Say whether a path is the prefix of a TensorFlow checkpoint."""
    return bool(tf.io.gfile.exists(f"{prefix}.index"))


def write_checkpoint(model: Any, prefix: str, options: Any = None) -> None:
    """Write a checkpoint of the model and its optimizer, which `tf.train.latest_checkpoint` finds.

    Args:
        model: A built model.
        prefix: How the names of the files begin. The folder is made if absent.
        options: `tf.train.CheckpointOptions`. Defaults to `None`.

    Raises:
        OSError: If it cannot be written; a checkpoint that was there before is whole.
    """
    checkpoint = tf.train.Checkpoint(root=_tree(model, _edges_below(model)))
    if "://" in prefix:
        checkpoint.write(prefix, options=options)
    else:
        _write_beside(checkpoint, Path(prefix), options)
    tf.__internal__.train.update_checkpoint_state(
        save_dir=os.path.dirname(prefix),
        model_checkpoint_path=prefix,
        save_relative_paths=True,
        all_model_checkpoint_paths=[prefix],
    )


def _write_beside(checkpoint: Any, prefix: Path, options: Any) -> None:
    """Write to a folder of its own, move the data beside what is there, and the index over it as the last step.

    A data file is called after their number (`w.data-00000-of-00001`), which the index holds. Written in a number that
    no file there has, new data leaves the old alone, so that the one move of the index changes old into new.
    """
    prefix.parent.mkdir(parents=True, exist_ok=True)
    there = {file.name for file in prefix.parent.glob(f"{glob.escape(prefix.name)}.data-?????-of-?????")}
    count = next(count for count in itertools.count(1) if not any(name.endswith(f"-of-{count:05}") for name in there))
    folder = Path(tempfile.mkdtemp(dir=prefix.parent, prefix=f".{prefix.name}-"))
    try:
        checkpoint.write(str(folder / prefix.name), options=_in_shards(count, options))
        checkpoint.sync()  # `options` may have asked for writing in the background
        written = sorted(folder.iterdir(), key=lambda file: file.suffix == ".index")
        for file in written:
            with file.open("rb+") as opened:
                os.fsync(opened.fileno())
        for file in written:
            file.replace(prefix.with_name(file.name))
        for name in there - {file.name for file in written}:
            prefix.with_name(name).unlink()
    except tf.errors.OpError as error:
        raise OSError(
            f"The checkpoint cannot be written: {error.message}. Received: filepath={str(prefix)!r}"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_shards(count: int, options: Any) -> Any:
    """Have TensorFlow write that many data files, unless `options` say how many themselves."""
    options = tf.train.CheckpointOptions() if options is None else copy.copy(options)
    if options.experimental_sharding_callback is None:
        options.experimental_sharding_callback = _Shards(count)
    return options


class _Shards(tf.train.experimental.ShardingCallback):  # type: ignore[misc]  # TensorFlow ships no types
    """Spreads tensors over data files by turns; over fewer files than asked for where there are fewer tensors."""

    def __init__(self, count: int) -> None:
        self.count = count

    @property
    def description(self) -> str:
        """For TensorFlow's messages."""
        return f"{self.count} data files"

    def __call__(self, tensors: Sequence[Any]) -> list[dict[str, dict[str, Any]]]:
        """Give for each file its tensors by name and slice."""
        shards: list[dict[str, dict[str, Any]]] = [{} for _ in range(self.count)]
        places: dict[str, int] = {}
        for tensor in tensors:
            place = places.setdefault(tensor.checkpoint_key, len(places) % self.count)
            shards[place].setdefault(tensor.checkpoint_key, {})[tensor.slice_spec] = tensor.tensor
        return [shard for shard in shards if shard]


def load_checkpoint(model: Any, prefix: str, skip_mismatch: bool, options: Any = None, shown: str | None = None) -> Any:
    """Restore a checkpoint that ours, `tf.train.Checkpoint` or `save_weights` of tf.keras wrote.

    Args:
        model: A built model.
        prefix: The checkpoint.
        skip_mismatch: Whether to pass over layers that do not fit, with a warning for each.
        options: `tf.train.CheckpointOptions`. Defaults to `None`.
        shown: The path that messages name. Defaults to `prefix`.

    Returns:
        The status object of `tf.train.Checkpoint.read`, with `expect_partial` and `assert_consumed`.

    Raises:
        ValueError: If the file is no checkpoint of objects, or a layer does not fit and is not to be passed over; the
            model is as before.
    """
    shown = prefix if shown is None else shown
    saved = _Saved(prefix, shown)
    matched = saved.matched(model)
    start = matched.nodes[id(model)]
    optimizer = getattr(model, "optimizer", None)
    node = None if optimizer is None else saved.children(start).get("optimizer")
    if optimizer is not None and node is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
        matched = saved.matched(model)
    mismatches, dropped = _mismatches(model, matched, saved)
    settle(mismatches, skip_mismatch, shown, stacklevel=5)
    state = None if node is None else _optimizer_state(model, optimizer, node, matched, saved)
    if optimizer is not None and node is not None and state is None:
        warnings.warn(
            f"The optimizer {optimizer.name!r} is left as it was: its state in {shown!r} is that of other weights.",
            stacklevel=4,
        )
    edges = [edge for edge in _without(optimizer, matched.edges) if id(edge[2]) not in dropped]
    if state is None:
        root = _tree(model, edges)
    else:
        edges += [(model, "optimizer", optimizer), *state.edges]
        root = _tree(model, edges, {id(optimizer): _WithSlots(state.slots)})
    for number, variable in enumerate(v for v in model.weights if id(v) in dropped):
        setattr(root, f"skipped-{number}", variable)  # so that `assert_consumed` tells of it
    checkpoint = tf.train.Checkpoint(root=root) if start == 0 else tf.train.Checkpoint(model=root)
    status = checkpoint.read(prefix, options=options)
    return status.expect_partial() if mismatches else status


def _optimizer_state(model: Any, optimizer: Any, node: int, matched: _Matched, saved: _Saved) -> GraphState | None:
    """Find what to restore of the optimizer; `None` if it does not fit."""
    if not is_of_tf_keras(saved.children(node)):
        fits = all(saved.fits(variable, matched) for variable in optimizer.variables)
        return GraphState(_below(optimizer, matched.edges)) if fits else None
    known = {matched.nodes[id(weight)]: weight for weight in model.weights if id(weight) in matched.nodes}
    state = state_in_graph(saved.nodes, node, optimizer, known)
    fits = not state.missing and all(saved.shape(at) == tuple(variable.shape) for variable, at in state.found)
    if fits and "momentum_cache" in saved.children(node):
        warn_of_legacy_nadam(model.name, stacklevel=5)
    return state if fits else None


def _below(parent: Any, edges: Iterable[Edge]) -> list[Edge]:
    """The edges that lead on from an object; each comes after the one that leads to where it begins."""
    reached, found = {id(parent)}, []
    for edge in edges:
        if id(edge[0]) in reached:
            reached.add(id(edge[2]))
            found.append(edge)
    return found


def _without(child: Any, edges: list[Edge]) -> list[Edge]:
    """The edges that do not lead to an object, and not on from it."""
    dropped = set(map(id, _below(child, edges)))
    return [edge for edge in edges if edge[2] is not child and id(edge) not in dropped]


@dataclass
class _Matched:
    """Which objects of a model are which nodes of a checkpoint, and the edges by which they were found."""

    nodes: dict[int, int] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


class _Saved:
    """The graph of objects in a checkpoint, and the shapes of its values."""

    def __init__(self, prefix: str, shown: str) -> None:
        try:
            reader = tf.train.load_checkpoint(prefix)
            self._shapes: dict[str, list[int]] = reader.get_variable_to_shape_map()
            if _GRAPH_KEY not in self._shapes:
                raise ValueError(
                    "The checkpoint holds variables by name, as TensorFlow 1 wrote them, and no objects. Restore it "
                    f"with `tf.train.load_checkpoint` and `set_weights`. Received: filepath={shown!r}"
                )
            graph = trackable_object_graph_pb2.TrackableObjectGraph()
            graph.ParseFromString(reader.get_tensor(_GRAPH_KEY))
        except (tf.errors.OpError, RuntimeError) as error:
            raise ValueError(f"The checkpoint cannot be read: {error}. Received: filepath={shown!r}") from error
        self.nodes: Any = graph.nodes
        self._shown = shown

    def children(self, node: int) -> dict[str, int]:
        """The edges from a node, by name."""
        return {child.local_name: child.node_id for child in self.nodes[node].children}

    def shape(self, node: int) -> tuple[int, ...] | None:
        """The shape of a variable; `None` for what is none."""
        for attribute in self.nodes[node].attributes:
            if attribute.name == _VALUE:
                return tuple(self._shapes[attribute.checkpoint_key])
        return None

    def matched(self, model: Any) -> _Matched:
        """Find the model: at the root, where `tf.train.Checkpoint(model=…)` has it, or as variables in a row.

        Raises:
            ValueError: If not one weight of the model is found.
        """
        at_root = _match(model, self, 0)
        below = (_match(model, self, self.children(0)["model"]) for _ in range("model" in self.children(0)))
        for matched in (at_root, *below, self._in_a_row(model)):
            if not model.weights or any(id(weight) in matched.nodes for weight in model.weights):
                return matched
        raise ValueError(
            "The checkpoint is one of another model: none of the weights of this one is in it. Received: "
            f"filepath={self._shown!r}, a model with the layers {', '.join(layer.name for layer in model.layers[:8])}"
        )

    def _in_a_row(self, model: Any) -> _Matched:
        """Match the list of variables that an exported model has in place of layers, if it is as long."""
        matched = _Matched(nodes={id(model): 0})
        variables = list(model.variables)
        there = self.children(self.children(0).get("variables", 0))
        if variables and len(there) == len(variables) and "0" in there:
            matched.edges.append((model, "variables", variables))
            matched.edges += [(variables, str(index), variable) for index, variable in enumerate(variables)]
            matched.nodes.update({id(variable): there[str(index)] for index, variable in enumerate(variables)})
        return matched

    def fits(self, variable: Any, matched: _Matched) -> bool:
        """Say whether a variable that was matched has the shape it has here."""
        node = matched.nodes.get(id(variable))
        return node is None or self.shape(node) == tuple(variable.shape)


def _match(model: Any, saved: _Saved, start: int) -> _Matched:
    matched = _Matched(nodes={id(model): start})
    queue = deque([model])
    while queue:
        parent = queue.popleft()
        there = saved.children(matched.nodes[id(parent)])
        for name, child in _edges(parent):
            if name not in there:
                continue
            if id(child) not in matched.nodes:
                matched.nodes[id(child)] = there[name]
                queue.append(child)
            if matched.nodes[id(child)] == there[name]:
                matched.edges.append((parent, name, child))
    return matched


def _mismatches(model: Any, matched: _Matched, saved: _Saved) -> tuple[list[Mismatch], set[int]]:
    """Give the layers that do not fit, and the ids of their variables."""
    layers: dict[str, list[Any]] = {}
    for weight in model.weights:
        layers.setdefault(weight.path.rpartition("/")[0] or model.name, []).append(weight)
    mismatches, dropped = list[Mismatch](), set[int]()
    for name, weights in layers.items():
        if all(id(weight) in matched.nodes and saved.fits(weight, matched) for weight in weights):
            continue
        nodes = [matched.nodes[id(weight)] for weight in weights if id(weight) in matched.nodes]
        found = [shape for shape in map(saved.shape, nodes) if shape is not None]
        mismatches.append(Mismatch(name, [tuple(weight.shape) for weight in weights], found or None))
        dropped.update(map(id, weights))
    return mismatches, dropped


def _edges_below(root: Any) -> Iterator[Edge]:
    seen, queue = {id(root)}, deque([root])
    while queue:
        parent = queue.popleft()
        for name, child in _edges(parent):
            yield parent, name, child
            if id(child) not in seen:
                seen.add(id(child))
                queue.append(child)


def _tree(root: Any, edges: Iterable[Edge], stands_for: Mapping[int, _Node] | None = None) -> Any:
    """Make nodes for everything that edges lead from; what they lead to otherwise is saved as it is."""
    made: dict[int, _Node] = {id(root): _Node(), **(stands_for or {})}
    for parent, name, child in edges:
        if _has_edges(child):
            made.setdefault(id(child), _Node())
        if id(parent) in made:
            setattr(made[id(parent)], name, made.get(id(child), child))
    return made[id(root)]


def _has_edges(value: Any) -> bool:
    return isinstance(value, (keras.Layer, keras.optimizers.Optimizer, dict, list, tuple))


def _edges(parent: Any) -> Iterator[tuple[str, Any]]:
    """The edges from a layer, optimizer or container: attributes, and tf.keras's names for the same."""
    if isinstance(parent, dict):
        yield from ((name, child) for name, child in parent.items() if isinstance(name, str) and _is_saved(child))
    elif isinstance(parent, (list, tuple)):
        yield from ((str(index), child) for index, child in enumerate(parent) if _is_saved(child))
    elif isinstance(parent, (keras.Layer, keras.optimizers.Optimizer)):
        yield from _edges_of_object(parent)


def _edges_of_object(parent: Any) -> Iterator[tuple[str, Any]]:
    is_layer = isinstance(parent, keras.Layer)
    unfollowed = _NOT_FOLLOWED if is_layer else _NOT_FOLLOWED_IN_OPTIMIZERS
    attributes = {
        name: value
        for name, value in vars(parent).items()
        if name not in unfollowed and not name.startswith("_self_") and _is_saved(value)
    }
    yield from attributes.items()
    if not is_layer:
        return
    for value in list(attributes.values()):
        if isinstance(value, keras.Variable) and value.name not in attributes:
            yield value.name, value
    if isinstance(parent, keras.Model):
        weighted = 0
        for index, layer in enumerate(parent.layers):
            if layer.weights:
                yield f"layer_with_weights-{weighted}", layer
                weighted += 1
            yield f"layer-{index}", layer


def _is_saved(value: Any) -> bool:
    if isinstance(value, (dict, list, tuple)):
        return any(map(_is_saved, value.values() if isinstance(value, dict) else value))
    if isinstance(value, keras.metrics.Metric):
        return False
    return isinstance(value, tf.__internal__.tracking.Trackable)
