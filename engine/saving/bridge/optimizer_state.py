"""Carry the state of an optimizer of Keras 2 over into that of Keras 3."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

Slots = tuple[tuple[str, tuple[str, ...]], ...]

SLOTS: Final[Mapping[str, Slots]] = {
    "Adadelta": (
        ("_accumulated_grads", ("accumulated_grad", "accum_grad")),
        ("_accumulated_delta_vars", ("accumulated_delta_var", "accum_var")),
    ),
    "Adagrad": (("_accumulators", ("accumulator",)),),
    "Adam": (("_momentums", ("m",)), ("_velocities", ("v",)), ("_velocity_hats", ("vhat",))),
    "Adamax": (("_m", ("m",)), ("_u", ("u", "v"))),
    "Ftrl": (("_accumulators", ("accumulator",)), ("_linears", ("linear",))),
    "Lion": (("_momentums", ("m",)),),
    "Nadam": (("_momentums", ("m",)), ("_velocities", ("v",))),
    "RMSprop": (
        ("_velocities", ("velocity", "rms")),
        ("_momentums", ("momentum",)),
        ("_average_gradients", ("average_gradient", "mg")),
    ),
    "SGD": (("momentums", ("m", "momentum")),),
}
"""For each optimizer: where Keras 3 keeps the values for each variable, and what Keras 2 calls them in a file."""

INTERLEAVED: Final = frozenset({"Adadelta", "Adam", "Adamax", "Ftrl", "Nadam"})
"""Optimizers of tf_keras whose first two slots are stored by turns, variable after variable."""

Array = np.ndarray[Any, Any]


def restore_state(
    model: Any, variables: Sequence[Any], names: Sequence[str] | None, values: Sequence[Array], stacklevel: int = 3
) -> None:
    """Put the state that a file holds into a model's optimizer.

    Args:
        model: The model, built and compiled.
        variables: The trainable variables in the order of the file.
        names: What the file calls the values, as `"Adam/m/dense/kernel:0"`; `None` where it has numbers only, as the
            archives of tf_keras.
        values: Iterations and slots, as they lie in the file.
        stacklevel: Which caller a warning is about. Defaults to 3.

    Warns:
        UserWarning: If the state does not fit; the optimizer then starts afresh.
    """
    optimizer = model.optimizer
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    model.optimizer.build(model.trainable_variables)
    slots = SLOTS.get(_kind(optimizer))
    found = _arranged(optimizer, slots, len(variables), names, values) if slots is not None and len(values) else None
    targets = None if found is None else _targets(optimizer, variables, found)
    if targets is None:
        warnings.warn(
            f"The file's optimizer state does not fit the {type(optimizer).__name__} of the model {model.name!r}; "
            "its optimizer starts afresh.",
            stacklevel=stacklevel,
        )
        return
    optimizer.iterations.assign(int(np.asarray(values[0]).reshape(())))
    for variable, value in targets:
        variable.assign(value)


def _kind(optimizer: Any) -> str:
    name = type(optimizer).__name__
    return "Adam" if name == "AdamW" else name


def _arranged(
    optimizer: Any, slots: Slots, count: int, names: Sequence[str] | None, values: Sequence[Array]
) -> dict[str, list[Array]] | None:
    """Sort values by the attribute of the optimizer that they belong to, each in the order of the variables."""
    rest = list(values[1:])
    labels = [None if names is None else _slot(name) for name in (names or [""] * len(values))[1:]]
    kept = [(label, value) for label, value in zip(labels, rest, strict=True) if label != "learning_rate"]
    present = [attribute for attribute, _ in slots if getattr(optimizer, attribute, None)] or [slots[0][0]]
    known = {word: attribute for attribute, words in slots for word in words}
    if names is not None and kept and all(label in known for label, _ in kept):
        found: dict[str, list[Array]] = {}
        for label, value in kept:
            found.setdefault(known[str(label)], []).append(value)
        return found if all(len(each) == count for each in found.values()) else None
    rest = [value for _, value in kept]
    if names is None and _kind(optimizer) in INTERLEAVED and len(rest) >= 2 * count:
        first = {present[0]: rest[0 : 2 * count : 2], present[1]: rest[1 : 2 * count : 2]}
        return first | ({present[2]: rest[2 * count :]} if len(present) > 2 else {})
    if count and len(rest) < count * len(present) and rest:
        return None
    return {attribute: rest[at * count : (at + 1) * count] for at, attribute in enumerate(present)} if rest else {}


def _slot(name: str) -> str | None:
    """Read which slot a name is of: `Adam/m/dense/kernel:0` (tf_keras), `Adam/dense/kernel/m:0` (TensorFlow 2's Keras).

    Keras 2.3 numbers them, as `training/Adam/m_3:0`.
    """
    parts = name.removesuffix(":0").split("/")
    if parts[-1] == "learning_rate":
        return "learning_rate"
    known = {word for slots in SLOTS.values() for _, words in slots for word in words}
    numbered = re.fullmatch(r"(m|v|vhat)_\d+", parts[-1])
    if numbered and parts[0] == "training":
        return numbered[1]
    if len(parts) > 2 and parts[1] in known:
        return parts[1]
    return parts[-1] if parts[-1] in known else None


def _targets(optimizer: Any, variables: Sequence[Any], found: dict[str, list[Array]]) -> list[Any] | None:
    own = list(optimizer._trainable_variables)
    places = [next((at for at, one in enumerate(own) if one is variable), None) for variable in variables]
    pairs: list[Any] = []
    for attribute, values in found.items():
        targets = getattr(optimizer, attribute, None)
        if not targets:  # plain SGD keeps momentums in Keras 2, all zero, and nothing in Keras 3
            continue
        if None in places or len(targets) != len(values):
            return None
        pairs += [(targets[place], value) for place, value in zip(places, values, strict=True) if place is not None]
    return pairs if all(tuple(target.shape) == np.shape(value) for target, value in pairs) else None
