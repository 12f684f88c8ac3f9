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
    "Adafactor": (("_r", ("r",)), ("_c", ("c",)), ("_v", ("v",))),
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

AVERAGES: Final = ("_model_variables_moving_average", ("average",))
"""The slot that any optimizer has with `use_ema`."""

INTERLEAVED: Final = frozenset({"Adadelta", "Adam", "Adamax", "Ftrl", "Nadam"})
"""Optimizers of tf_keras whose first two slots are stored by turns, variable after variable."""

FACTORED: Final = frozenset({"_r", "_c"})
"""Slots that variables of fewer than two dimensions do not have."""

SCALARS: Final = frozenset({"learning_rate", "momentum_cache"})
"""Values that belong to the optimizer and not to a variable."""

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
        UserWarning: If the state does not fit, and the optimizer starts afresh; or if it is of an optimizer that
            Keras 3 computes otherwise.
    """
    model.optimizer.build(model.trainable_variables)
    found = found_state(model.optimizer, variables, names, values)
    if found is None:
        warnings.warn(
            f"The file's optimizer state does not fit the {kind_of(model.optimizer)} of the model {model.name!r}; "
            "its optimizer starts afresh.",
            stacklevel=stacklevel,
        )
        return
    if "momentum_cache" in map(_slot, names or ()):
        warn_of_legacy_nadam(model.name, stacklevel + 1)
    for variable, value in found:
        variable.assign(np.asarray(value).reshape(variable.shape))


def found_state(
    optimizer: Any, variables: Sequence[Any], names: Sequence[str] | None, values: Sequence[Any]
) -> list[tuple[Any, Any]] | None:
    """Find the variable of an optimizer that each value of a file belongs to.

    Args:
        optimizer: The optimizer, built; maybe wrapped for mixed precision.
        variables: The trainable variables in the order of the file.
        names: What the file calls the values; `None` where it has numbers only.
        values: Iterations and slots, as arrays or what can become one.

    Returns:
        Variables of the optimizer, each with its value; `None` if they do not fit.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    slots = slots_of(optimizer)
    if not slots or not values or tuple(np.shape(values[0])) not in ((), (1,)):
        return None
    arranged = (_by_number if names is None else _by_name)(optimizer, slots, variables, names or (), values[1:])
    pairs = None if arranged is None else _targets(optimizer, variables, arranged)
    if pairs is None:
        return None
    steps = int(np.asarray(values[0]).reshape(()))
    if hasattr(optimizer, "_u_product"):
        pairs.append((optimizer._u_product, _product_of_factors(optimizer, steps)))
    return [(optimizer.iterations, steps), *pairs]


def kind_of(optimizer: Any) -> str:
    """The class that an optimizer works as, without a wrapper for mixed precision."""
    name = type(getattr(optimizer, "inner_optimizer", optimizer)).__name__
    return "Adam" if name == "AdamW" else name


def slots_of(optimizer: Any) -> Slots:
    """The slots that an optimizer keeps values in for each variable; none if tf_keras has no such optimizer."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    averages = (AVERAGES,) if getattr(optimizer, "use_ema", False) else ()
    known = SLOTS.get(kind_of(optimizer), ())
    return (*averages, *known) if known else ()


def warn_of_legacy_nadam(name: str, stacklevel: int) -> None:
    """Say that Keras 3 has another Nadam than `tf_keras.optimizers.legacy`."""
    warnings.warn(
        f"The model {name!r} was trained by the Nadam of `tf_keras.optimizers.legacy`, whose momentum grows 250 times "
        "slower than that of Keras 3. Its state is restored, and training goes on by Keras 3's.",
        stacklevel=stacklevel,
    )


def _product_of_factors(optimizer: Any, steps: int) -> float:
    """Work out what Nadam has multiplied up, a factor for each step, and tf_keras writes to no HDF5 file."""
    factors = optimizer.beta_1 * (1.0 - 0.5 * 0.96 ** np.arange(1, steps + 1))
    return float(np.prod(factors))


def _by_number(
    optimizer: Any, slots: Slots, variables: Sequence[Any], _: Sequence[str], values: Sequence[Any]
) -> dict[str, list[Any]] | None:
    """Sort values by attribute, as tf_keras makes its variables one after the other."""
    averages = [attribute for attribute, _ in slots if attribute == AVERAGES[0]]
    rest = [attribute for attribute, _ in slots if attribute != AVERAGES[0]]
    present = [attribute for attribute in rest if getattr(optimizer, attribute, None)] or rest[:1]
    script = [attribute for attribute in averages for _ in variables]
    if kind_of(optimizer) == "Adafactor":
        for variable in variables:
            script += present if len(variable.shape) > 1 else ["_v"]
    elif kind_of(optimizer) in INTERLEAVED:
        script += present[:2] * len(variables) + present[2:] * len(variables)
    else:
        script += [attribute for attribute in present for _ in variables]
    found: dict[str, list[Any]] = {}
    for attribute, value in zip(script, values, strict=False):
        found.setdefault(attribute, []).append(value)
    return found if len(values) in (0, len(script)) else None


def _by_name(
    optimizer: Any, slots: Slots, variables: Sequence[Any], names: Sequence[str], values: Sequence[Any]
) -> dict[str, list[Any]] | None:
    """Sort values by attribute, as their names say; where the names are not known, one attribute after the other."""
    labels = [_slot(name) for name in names[1:]]
    kept = [(label, value) for label, value in zip(labels, values, strict=True) if label not in SCALARS]
    known = {word: attribute for attribute, words in slots for word in words}
    found: dict[str, list[Any]] = {}
    if all(label in known for label, _ in kept):
        for label, value in kept:
            found.setdefault(known[str(label)], []).append(value)
        return found
    count = len(variables)
    present = [attribute for attribute, _ in slots if getattr(optimizer, attribute, None)] or [slots[0][0]]
    if len(kept) < count * len(present):
        return None
    rest = [value for _, value in kept]
    return {attribute: rest[at * count : (at + 1) * count] for at, attribute in enumerate(present)}


def _slot(name: str) -> str | None:
    """Read which slot a name is of: `Adam/m/dense/kernel:0` (tf_keras), `Adam/dense/kernel/m:0` (TensorFlow 2's Keras).

    Keras 2.3 numbers them, as `training/Adam/m_3:0`.
    """
    parts = name.removesuffix(":0").split("/")
    if parts[-1] in SCALARS:
        return parts[-1]
    known = {word for slots in (*SLOTS.values(), (AVERAGES,)) for _, words in slots for word in words}
    numbered = re.fullmatch(r"(m|v|vhat)_\d+", parts[-1])
    if numbered and parts[0] == "training":
        return numbered[1]
    # Wrapped for mixed precision, the optimizer's own name is left out: `m/dense/kernel:0`.
    places = (parts[1] if len(parts) > 2 else "", parts[0], parts[-1])
    return next((part for part in places if part in known), None)


def _targets(
    optimizer: Any, variables: Sequence[Any], found: Mapping[str, Sequence[Any]]
) -> list[tuple[Any, Any]] | None:
    places = {id(variable): place for place, variable in enumerate(optimizer._trainable_variables)}
    pairs: list[tuple[Any, Any]] = []
    for attribute, values in found.items():
        targets = getattr(optimizer, attribute, None)
        if not targets:  # plain SGD keeps momentums in Keras 2, all zero, and nothing in Keras 3
            continue
        holders = [one for one in variables if attribute not in FACTORED or len(one.shape) > 1]
        if len(holders) != len(values) or any(id(one) not in places for one in holders):
            return None
        pairs += [(targets[places[id(one)]], value) for one, value in zip(holders, values, strict=True)]
    return pairs if all(tuple(target.shape) == tuple(np.shape(value)) for target, value in pairs) else None
