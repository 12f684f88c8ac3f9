"""Weights in the layout of Keras 3's `.weights.h5` and `.keras`: one group for each object that has state.

Keras's own reader assigns while it still looks; this one looks at all of the file first, and walks the model once.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import (
    KerasSaveable,
    SizeOnly,
    WeightsStore,
    keras,
    know_saved_attributes,
    read_dataset,
    snake_case,
    walk_saveable,
    write_state,
)
from kerastui.engine.saving.bridge.optimizer_state import found_state
from kerastui.engine.saving.hdf5_weights import Mismatch, settle

_OLD_LAYERS = "_layer_checkpoint_dependencies"
"""What the group `layers` was called by tf.keras 2.13."""

_NESTED = "/container"
"""What Keras names a list within a list by, since 3.14; before, it wrote nothing of what is in there."""


def write_keras3(path: Any, model: Any) -> None:
    """Write the layout of `.weights.h5`, the weights of the optimizer included.

    Args:
        path: Where to write, a `pathlib.Path` or `str`.
        model: A built model.
    """
    know_saved_attributes()
    store = WeightsStore(path, mode="w")
    try:
        write_state(model, store, None)
    finally:
        store.close()


def load_keras3(model: Any, path: Any, skip_mismatch: bool, shown: str) -> None:
    """Load the layout of Keras 3 once it is known that all of it fits, or pass over what does not.

    The state of the optimizer is loaded into one that is built, as Keras does; also that of a file of tf_keras.

    Args:
        model: A built model.
        path: The file, or a binary file that is open.
        skip_mismatch: Whether to pass over layers that do not fit, with a warning for each.
        shown: The path that messages name.

    Raises:
        ValueError: If a layer does not fit and is not to be passed over; the model is as before.
        OSError: If the file cannot be read to its end.
    """
    know_saved_attributes()
    store = WeightsStore(path)
    try:
        plan = _Plan(_Entries(store.h5_file), model)
        settle(plan.mismatches, skip_mismatch, shown, stacklevel=6)
        if plan.unwritten:
            warnings.warn(
                f"{shown!r} was written by a version of Keras that left out layers in lists within lists, which keep "
                f"the weights they have: {', '.join(plan.unwritten)}.",
                stacklevel=5,
            )
        try:
            plan.carry_out()
        except Exception as error:  # it fitted, so it is the file: what HDF5 and layers raise then is of many types
            raise OSError(f"The file cannot be read: {error}. Received: filepath={shown!r}") from error
    finally:
        store.close()


@dataclass
class _Stateful:
    """An object that has state, and the places where Keras may have put it: the first one that it came by.

    Attributes:
        thing: A layer, optimizer or metric.
        places: Paths of groups.
    """

    thing: Any
    places: list[str] = field(default_factory=list)


def _stateful(model: Any) -> list[_Stateful]:
    """List everything in a model that has state, in the order in which Keras saves it."""
    found: dict[int, _Stateful] = {}

    def visit(thing: Any, path: str) -> None:
        if id(thing) in found:
            found[id(thing)].places.append(path)
            return
        found[id(thing)] = _Stateful(thing, [path])
        for name, child in walk_saveable(thing):
            below = f"{path}/{name}" if path else name
            if isinstance(child, KerasSaveable):
                visit(child, below)
            elif isinstance(child, (list, dict, tuple)):
                visit_container(child, below, set())

    def visit_container(container: Any, path: str, seen: set[int]) -> None:
        if id(container) in seen:
            return
        seen.add(id(container))
        used: dict[str, int] = {}
        for item in container.values() if isinstance(container, dict) else container:
            if isinstance(item, KerasSaveable):
                visit(item, f"{path}/{_unique(snake_case(type(item).__name__), used)}")
            elif isinstance(item, (list, dict, tuple)):
                visit_container(item, f"{path}/{_unique('container', used)}", seen)

    visit(model, "")
    return [one for one in found.values() if hasattr(one.thing, "load_own_variables")]


def _unique(name: str, used: dict[str, int]) -> str:
    used[name] = used.get(name, -1) + 1
    return f"{name}_{used[name]}" if used[name] else name


class _Values(Mapping[str, Any]):
    """What layers get in place of Keras's store: the values of one group, each read when it is asked for."""

    def __init__(self, data: Mapping[str, h5py.Dataset], sizes_only: bool = False) -> None:
        self._data, self._sizes_only = data, sizes_only

    def __getitem__(self, key: str) -> Any:
        data = self._data[key]
        kind = tf.bfloat16.as_numpy_dtype if data.attrs.get("dtype") == "bfloat16" else data.dtype
        if self._sizes_only:
            return SizeOnly(data.shape, kind)
        value = read_dataset(data)
        return value.view(kind) if data.dtype.kind == "V" else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


class _Entries:
    """All groups of values in a file, by path.

    Args:
        file: The file, looked through for links to other files and the like before.

    Raises:
        ValueError: If there are links; Keras writes none.
    """

    def __init__(self, file: h5py.File) -> None:
        self._groups: dict[str, dict[str, h5py.Dataset]] = {}
        self._is_old = _OLD_LAYERS in file
        waiting = [("", file["/"])]
        while waiting:
            path, group = waiting.pop()
            for name, member in _members(group):
                if isinstance(member, h5py.Dataset):
                    self._groups.setdefault(path, {})[name] = member
                else:
                    waiting.append((f"{path}/{name}" if path else name, member))

    @property
    def nested(self) -> bool:
        """Whether any of them is of a list within a list."""
        return any(_NESTED in path for path in self._groups)

    def at(self, path: str) -> dict[str, h5py.Dataset]:
        """The values at a path, none where there is no such group."""
        group = self._groups.get(f"{path}/vars" if path else "vars")
        if group is None and self._is_old:
            group = self._groups.get(f"{path}/vars".replace("layers", _OLD_LAYERS))
        return group or {}


def _members(group: h5py.Group) -> Iterator[tuple[str, Any]]:
    for name in group:
        link = group.id.links.get_info(name.encode("utf-8", "surrogateescape")).type
        if link != h5py.h5l.TYPE_HARD:
            raise ValueError(f"A link in place of weights is not followed. Received: {group.name}/{name}")
        yield name, group[name]


class _Plan:
    """What loading will do, found out by having each object load values that have a shape and nothing else.

    Attributes:
        mismatches: What does not fit.
        unwritten: The names of layers that the file leaves out because they are in lists within lists.
    """

    def __init__(self, entries: _Entries, model: Any) -> None:
        self.mismatches: list[Mismatch] = []
        self.unwritten: list[str] = []
        self._loads: list[tuple[Any, Mapping[str, h5py.Dataset]]] = []
        self._assignments: list[tuple[Any, Any]] = []
        with _Forgetful(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the same ones come when it is done in earnest
            passed: set[int] = set()
            for one in _stateful(model):
                if id(one.thing) not in passed and not self._bridged(one, entries, model, passed):
                    self._add(one, entries)

    def _add(self, one: _Stateful, entries: _Entries) -> None:
        found: list[tuple[int, ...]] | None = None
        for place in one.places:
            data = entries.at(place)
            if _takes(one.thing, data):
                self._loads.append((one.thing, data))
                return
            found = found or [tuple(data[key].shape) for key in _numbered(data)] or None
        name = getattr(one.thing, "name", type(one.thing).__name__)
        if found is None and not entries.nested and all(_NESTED in place for place in one.places):
            self.unwritten.append(name)
            return
        inner = {id(v) for layer in getattr(one.thing, "_layers", ()) for v in layer.variables}
        variables: Any = getattr(one.thing, "weights", None) or getattr(one.thing, "variables", ())
        self.mismatches.append(Mismatch(name, [tuple(v.shape) for v in variables if id(v) not in inner], found))

    def _bridged(self, one: _Stateful, entries: _Entries, model: Any, passed: set[int]) -> bool:
        """Plan for the optimizer of a file of tf_keras, whose values are others than Keras 3's."""
        optimizer, data = one.thing, entries.at(one.places[0])
        if not isinstance(optimizer, keras.optimizers.Optimizer) or not optimizer.built or not data:
            return False
        values = [data[key] for key in _numbered(data)]
        if [tuple(value.shape) for value in values] == [tuple(variable.shape) for variable in optimizer.variables]:
            return False
        assignments = found_state(optimizer, model.trainable_variables, None, values)
        if assignments is None:
            return False
        self._assignments += assignments
        passed.add(id(getattr(optimizer, "inner_optimizer", optimizer)))
        return True

    def carry_out(self) -> None:
        """Load what was found to fit."""
        for thing, data in self._loads:
            thing.load_own_variables(_Values(data))
        for variable, value in self._assignments:
            variable.assign(np.asarray(value))


def _takes(thing: Any, data: Mapping[str, h5py.Dataset]) -> bool:
    try:
        thing.load_own_variables(_Values(data, sizes_only=True))
    except Exception:  # layers say in their own ways that something does not fit
        return False
    return True


def _numbered(data: Mapping[str, h5py.Dataset]) -> Sequence[str]:
    return sorted(data, key=lambda name: (len(name), name))


class _Forgetful(keras.StatelessScope):  # type: ignore[misc]  # Keras ships no types
    """Within this, assigning checks the shape and does nothing else."""

    def add_update(self, update: Any) -> None:
        """Drop the value, which the scope would otherwise keep."""
