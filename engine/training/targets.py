"""Targets that cannot fit their outputs, found before the first step, where the message can still name them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kerastui.engine.keras_private import KerasFunctional, is_binary_or_sparse_categorical, keras
from kerastui.engine.training.compiled_loss import CompiledLoss
from kerastui.engine.training.labels import Outputs, is_container
from kerastui.engine.training.nearest import CHOSEN_BY_SHAPE

AT_MOST = 50_000_000
"""Labels in an array up to which all are looked at: some 50 ms."""


_BY_NUMBER = frozenset(
    {
        keras.losses.mean_squared_error,
        keras.losses.mean_absolute_error,
        keras.losses.mean_absolute_percentage_error,
        keras.losses.mean_squared_logarithmic_error,
        keras.losses.huber,
        keras.losses.log_cosh,
        keras.losses.binary_crossentropy,
        keras.losses.MeanSquaredError,
        keras.losses.MeanAbsoluteError,
        keras.losses.MeanAbsolutePercentageError,
        keras.losses.MeanSquaredLogarithmicError,
        keras.losses.Huber,
        keras.losses.LogCosh,
        keras.losses.BinaryCrossentropy,
    }
)
"""Losses that compare each number of an output with one of the target."""


_READ_TARGETS = ("train_step", "test_step", "compute_loss")
"""Methods that may make of `y` what they like, if they are the user's own."""


class _Case(NamedTuple):
    """A target beside its output, and one of its losses as it was given."""

    label: str
    target: Any
    output: Any
    loss: Any


def check_targets(model: Any, y: Any) -> None:
    """Refuse targets that training could not use, as far as arrays and shapes tell without running the model.

    Looked at are NumPy arrays and TensorFlow's eager tensors, for a `Functional` or a built `Sequential` model: their
    number, labels out of range for a sparse categorical loss, and the shape of one-hot targets. All else is left to
    the first step.

    Args:
        model: A compiled model.
        y: Its targets, as given to `fit`, `evaluate` or a method for a batch; `None` if there are none.

    Raises:
        ValueError: If there are more or fewer targets than outputs, or the target of an output cannot fit it.
    """
    loss = getattr(model, "_compile_loss", None)
    structure = _outputs(model)
    if y is None or structure is None or not isinstance(loss, CompiledLoss) or model._overrides(*_READ_TARGETS):
        return
    given = keras.tree.flatten(y)
    if not all(isinstance(target, (np.ndarray, tf.Tensor)) and len(target.shape) for target in given):
        return
    outputs = Outputs(structure, getattr(model, "output_names", None) or [model.layers[-1].name])
    losses = loss.losses_of(outputs)
    targets = loss.targets_of(outputs, y)
    for case in _cases(outputs, targets, losses):
        kind = _kind(case)
        if kind == "sparse":
            _check_labels(case)
        elif kind == "one-hot":
            _check_one_hot(case)
        elif kind == "number by number":
            _check_shape(case)


def _outputs(model: Any) -> Any:
    """The structure of a model's outputs; `None` if it has no graph."""
    if isinstance(model, KerasFunctional):
        return model.output
    outputs = model.outputs if isinstance(model, keras.Sequential) and model.built else None
    return outputs[0] if outputs else None


def _cases(outputs: Outputs, targets: Sequence[Any], losses: Sequence[tuple[Any, ...]]) -> Iterator[_Case]:
    for label, target, output, given in zip(outputs.labels, targets, outputs.tensors, losses, strict=True):
        for loss in given if target is not None and not is_container(target) else ():
            if len(output.shape) and isinstance(output.shape[-1], int):
                yield _Case(label, target, output, loss)


def _kind(case: _Case) -> str | None:
    """Say whether a loss wants labels (`"sparse"`), one-hot rows (`"one-hot"`) or the shape of the output."""
    loss = case.loss
    if isinstance(loss, str) and loss.lower() in CHOSEN_BY_SHAPE:
        binary, sparse = is_binary_or_sparse_categorical(case.target, case.output)
        return None if binary else "sparse" if sparse else "one-hot"
    for kind, function, cls in (
        ("sparse", keras.losses.sparse_categorical_crossentropy, keras.losses.SparseCategoricalCrossentropy),
        ("one-hot", keras.losses.categorical_crossentropy, keras.losses.CategoricalCrossentropy),
    ):
        named = isinstance(loss, str) and loss in (function.__name__, cls.__name__)
        if named or loss is function or loss is cls:
            return kind
        if type(loss) is cls:
            axis = getattr(loss, "_fn_kwargs", {}).get("axis", -1)
            return kind if axis in (-1, len(case.output.shape) - 1) else None
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    # Not with `in`: an object of the user's own need not have a hash.
    return "number by number" if any(loss is one or type(loss) is one for one in _BY_NUMBER) else None


def _check_shape(case: _Case) -> None:
    wanted, found = tuple(case.output.shape), tuple(case.target.shape)
    longer, shorter = sorted((wanted[1:], found[1:]), key=len, reverse=True)
    if len(longer) == len(shorter) + 1 and longer[-1] == 1:
        longer = longer[:-1]  # Keras drops it, or adds it to the other
    # A size of 1 is repeated, in Keras and so here.
    fits = len(longer) == len(shorter) and all(
        None in sizes or 1 in sizes or len(set(sizes)) == 1 for sizes in zip(longer, shorter, strict=True)
    )
    if not fits:
        raise ValueError(
            f"`y` does not fit output {case.label!r}: expected the shape {('samples', *wanted[1:])}. "
            f"Received: y of shape {found}"
        )


def _check_labels(case: _Case) -> None:
    labels = np.asarray(case.target)
    if not 0 < labels.size <= AT_MOST or labels.dtype.kind not in "iuf":
        return
    ignored = getattr(case.loss, "ignore_class", None)
    if ignored is not None:
        labels = labels[labels != ignored]
    classes = case.output.shape[-1]
    for found in (labels.min(), labels.max()) if labels.size else ():
        # NaN compares false. A loss cuts fractions off: -0.5 is class 0.
        if found <= -1 or found >= classes:
            raise ValueError(
                f"`y` has a label out of range for output {case.label!r}, which has {classes} classes: expected "
                f"integers from 0 to {classes - 1}. Received: y with the label {found.item()}"
            )


def _check_one_hot(case: _Case) -> None:
    wanted, found = tuple(case.output.shape), tuple(case.target.shape)
    classes = wanted[-1]
    if classes == 1:
        return
    if len(found) == len(wanted):
        if all(want is None or want == size for want, size in zip(wanted[1:], found[1:], strict=True)):
            return
    elif len(found) != len(wanted) - 1:
        return
    hint = ""
    if len(found) < len(wanted) or found[-1] == 1:
        hint = ' For integer labels, use loss="sparse_categorical_crossentropy".'
    raise ValueError(
        f"`y` must have one row of {classes} numbers per prediction for output {case.label!r}: expected the shape "
        f"{('batch', *wanted[1:])}.{hint} Received: y of shape {found}"
    )
